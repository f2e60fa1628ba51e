"""Compaction of the journal: system purpose `compact` of role jobs, one read record a run.

It opens every position of an hour to put it away by measure, and nothing else: no person, no alarm, no case.
So it is not one of the purposes of `sifang_job()`.
"""

from django.db import migrations

HEAD = """
CREATE OR REPLACE FUNCTION sifang_system(purpose text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(sifang_context('system_purpose') = purpose, false) AND CASE purpose
    WHEN 'migration' THEN pg_has_role(current_user, 'sifang_owner', 'USAGE')
    WHEN 'watch' THEN pg_has_role(current_user, 'sifang_watch', 'USAGE')
    WHEN 'live' THEN pg_has_role(current_user, 'sifang_reader', 'USAGE')
    WHEN 'reconcile' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'deliver' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compare' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
"""
TAIL = """
    ELSE false END
$$;
"""
FORWARD = HEAD + "    WHEN 'compact' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')" + TAIL + """
CREATE POLICY compact_adds ON people_readrecord FOR INSERT TO sifang_jobs WITH CHECK (
  officer_id IS NULL AND system_purpose = 'compact' AND (SELECT sifang_system('compact')));
"""
BACK = "DROP POLICY compact_adds ON people_readrecord;" + HEAD + TAIL


class Migration(migrations.Migration):
    dependencies = [("people", "0006_orders_stand")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
