"""Row-level security of cases and expectations: who sees the person sees the course."""

from django.db import migrations

POLICIES = """
ALTER TABLE cases_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_case FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON cases_case FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id));
CREATE POLICY officer_adds ON cases_case FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
CREATE POLICY officer_changes ON cases_case FOR UPDATE TO sifang_app USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
CREATE POLICY migration ON cases_case TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY watch_reads ON cases_case FOR SELECT TO sifang_watch USING ((SELECT sifang_system('watch')));
CREATE POLICY jobs_read ON cases_case FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));

ALTER TABLE cases_expectation ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_expectation FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON cases_expectation FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) OR owner_id = (SELECT sifang_agency()));
CREATE POLICY officer_adds ON cases_expectation FOR INSERT TO sifang_app WITH CHECK (
  (SELECT sifang_officer()) IS NOT NULL
  AND (case_id IS NULL OR EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)));
CREATE POLICY officer_fulfils ON cases_expectation FOR UPDATE TO sifang_app USING (
  (SELECT sifang_seeing_agency()) IS NOT NULL
  AND (EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) OR owner_id = (SELECT sifang_agency())));
CREATE POLICY migration ON cases_expectation TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY watch_reads ON cases_expectation FOR SELECT TO sifang_watch
  USING ((SELECT sifang_system('watch')));
CREATE POLICY watch_adds ON cases_expectation FOR INSERT TO sifang_watch
  WITH CHECK ((SELECT sifang_system('watch')));
CREATE POLICY watch_fulfils ON cases_expectation FOR UPDATE TO sifang_watch
  USING ((SELECT sifang_system('watch')));
CREATE POLICY jobs_read ON cases_expectation FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));
CREATE POLICY jobs_add ON cases_expectation FOR INSERT TO sifang_jobs WITH CHECK ((SELECT sifang_job()));
CREATE POLICY jobs_fulfil ON cases_expectation FOR UPDATE TO sifang_jobs USING ((SELECT sifang_job()));

-- An expectation is closed once, by an act; nothing else about it changes.
CREATE FUNCTION sifang_expectation_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL OR (to_jsonb(NEW) - 'closed_at' - 'closed_by')
      IS DISTINCT FROM (to_jsonb(OLD) - 'closed_at' - 'closed_by') THEN
    RAISE EXCEPTION '应办事项只能由履行它的行为了结一次' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER expectation_closed_once BEFORE UPDATE ON cases_expectation
  FOR EACH ROW EXECUTE FUNCTION sifang_expectation_changes();
CREATE INDEX cases_expectation_open ON cases_expectation (due_at) WHERE closed_at IS NULL;
"""

BACK = "".join(
    f"""
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT policyname FROM pg_policies WHERE tablename = '{table}' LOOP
    EXECUTE format('DROP POLICY %I ON {table}', p.policyname);
  END LOOP;
END $$;
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
    for table in ("cases_expectation", "cases_case")
) + """
DROP INDEX cases_expectation_open;
DROP TRIGGER expectation_closed_once ON cases_expectation;
DROP FUNCTION sifang_expectation_changes();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("people", "0002_row_security")]

    operations = [migrations.RunSQL(POLICIES, BACK)]
