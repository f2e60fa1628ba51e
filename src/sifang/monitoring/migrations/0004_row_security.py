"""Row-level security of monitoring: who sees the person sees the measure; only justice officers write.

The procuratorate reads everything of its persons and writes nothing here. Journal blocks are read by role
reader for an officer with a purpose, or by the watch; written by the watch alone.
"""

from django.db import migrations

HELPER = """
-- the officer of this transaction works for the justice administration (the procuratorate only reads)
CREATE FUNCTION monitoring_justice() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_agency a WHERE a.id = sifang_seeing_agency()
                 AND a.kind IN ('justice_bureau', 'justice_office')) $$;
"""

BY_PERSON = "EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)"
BY_MEASURE = "EXISTS (SELECT 1 FROM monitoring_measure m WHERE m.id = measure_id)"
VISIBLE = {
    "monitoring_measure": BY_PERSON,
    "monitoring_proof": BY_PERSON,
    "monitoring_clause": BY_PERSON,
    "monitoring_alarm": BY_PERSON,
    "monitoring_clauseexception": "EXISTS (SELECT 1 FROM monitoring_clause c WHERE c.id = clause_id)",
    "monitoring_fence": BY_MEASURE,
    "monitoring_binding": BY_MEASURE,
    "monitoring_signal": BY_MEASURE,
    "monitoring_alarmact": "EXISTS (SELECT 1 FROM monitoring_alarm a WHERE a.id = alarm_id)",
}
OFFICERS_WRITE = {
    "monitoring_measure": ("INSERT", "UPDATE"),
    "monitoring_proof": ("INSERT",),
    "monitoring_clause": ("INSERT", "UPDATE"),
    "monitoring_alarm": ("UPDATE",),
    "monitoring_clauseexception": ("INSERT",),
    "monitoring_fence": ("INSERT", "UPDATE"),
    "monitoring_binding": ("INSERT", "UPDATE"),
    "monitoring_alarmact": ("INSERT",),
}
WATCH = {
    "monitoring_measure": ("SELECT",),
    "monitoring_clause": ("SELECT",),
    "monitoring_clauseexception": ("SELECT",),
    "monitoring_fence": ("SELECT",),
    "monitoring_binding": ("SELECT",),
    "monitoring_alarm": ("SELECT", "INSERT", "UPDATE"),
    "monitoring_signal": ("SELECT", "INSERT"),
    "monitoring_journalblock": ("SELECT", "INSERT"),
}
JOBS = {
    "monitoring_measure": ("SELECT", "UPDATE"),
    "monitoring_clause": ("SELECT", "UPDATE"),
    "monitoring_fence": ("SELECT", "UPDATE"),
    "monitoring_binding": ("SELECT", "UPDATE"),
    "monitoring_alarm": ("SELECT", "UPDATE"),
}
TABLES = (*VISIBLE, "monitoring_journalblock")


def _policy(table: str, name: str, verb: str, roles: str, condition: str) -> str:
    clauses = {
        "SELECT": f"USING ({condition})",
        "INSERT": f"WITH CHECK ({condition})",
        "UPDATE": f"USING ({condition}) WITH CHECK ({condition})",
        "ALL": f"USING ({condition}) WITH CHECK ({condition})",
    }
    return f"CREATE POLICY {name}_{verb.lower()} ON {table} FOR {verb} TO {roles} {clauses[verb]};\n"


def _forward() -> str:
    lines = [
        f"ALTER TABLE {t} ENABLE ROW LEVEL SECURITY; ALTER TABLE {t} FORCE ROW LEVEL SECURITY;\n" for t in TABLES
    ]
    lines += [
        _policy(t, "migration", "ALL", "sifang_owner", "(SELECT sifang_system('migration'))")
        for t in VISIBLE  # not the journal: no data migration reads positions
    ]
    for table, condition in VISIBLE.items():
        lines.append(_policy(table, "officer", "SELECT", "sifang_app, sifang_reader", condition))
        lines.extend(
            _policy(table, "officer", verb, "sifang_app", f"{condition} AND (SELECT monitoring_justice())")
            for verb in OFFICERS_WRITE.get(table, ())
        )
    for table, verbs in WATCH.items():
        lines.extend(_policy(table, "watch", v, "sifang_watch", "(SELECT sifang_system('watch'))") for v in verbs)
    for table, verbs in JOBS.items():
        lines.extend(_policy(table, "jobs", v, "sifang_jobs", "(SELECT sifang_job())") for v in verbs)
    lines.append(
        _policy(
            "monitoring_journalblock", "officer", "SELECT", "sifang_reader",
            "(SELECT sifang_seeing_agency()) IS NOT NULL",
        )
    )
    return "".join(lines)


def _back() -> str:
    return "".join(
        f"""
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT policyname FROM pg_policies WHERE tablename = '{t}' LOOP
    EXECUTE format('DROP POLICY %I ON {t}', p.policyname);
  END LOOP;
END $$;
ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {t} DISABLE ROW LEVEL SECURITY;
"""
        for t in TABLES
    )


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0003_law_in_the_database"), ("people", "0002_row_security")]

    operations = [
        migrations.RunSQL(HELPER, "DROP FUNCTION monitoring_justice();"),
        migrations.RunSQL(_forward(), _back()),
    ]
