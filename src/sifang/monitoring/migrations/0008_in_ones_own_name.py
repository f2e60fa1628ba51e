"""Nobody approves, binds, exempts or answers an alarm in another officer's name, not even with SQL.

A migration (seeding a demonstration) may do an officer's acts in that officer's name.
"""

from django.db import migrations

NAMED = {
    "measure": "approver_id",
    "binding": "bound_by_id",
    "clauseexception": "approved_by_id",
    "alarmact": "officer_id",
}
FUNCTION = """
CREATE FUNCTION monitoring_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF sifang_officer() IS DISTINCT FROM (to_jsonb(NEW) ->> TG_ARGV[0])::uuid
       AND NOT sifang_system('migration') THEN
        PERFORM monitoring_refuse('只能以本人名义办理', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
"""
TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_own_name BEFORE INSERT ON monitoring_{table}"
    f" FOR EACH ROW EXECUTE FUNCTION monitoring_own_name('{column}');\n"
    for table, column in NAMED.items()
)


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0007_journal_counted")]

    operations = [migrations.RunSQL(FUNCTION + TRIGGERS, "DROP FUNCTION monitoring_own_name() CASCADE;")]
