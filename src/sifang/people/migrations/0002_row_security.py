"""Row-level security of persons, orders and read records, and the functions every later policy uses.

Who may see a person is decided here and nowhere else; the tables of cases and monitoring ask
`EXISTS (SELECT 1 FROM people_person …)`, which passes these policies again. See people/README.md.
"""

from django.db import migrations

CONTEXT = """
CREATE FUNCTION sifang_context(name text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('sifang.' || name, true), '') $$;

-- The officer of this transaction: active, of the agency named, with a role in force, for a purpose.
CREATE FUNCTION sifang_officer() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.id FROM people_officer o
  WHERE o.id = sifang_context('officer')::uuid AND o.is_active
    AND o.agency_id IS NOT DISTINCT FROM sifang_context('agency')::uuid
    AND sifang_context('purpose') IS NOT NULL
    AND EXISTS (SELECT 1 FROM people_rolegrant g WHERE g.officer_id = o.id
                AND g.valid_from <= statement_timestamp()
                AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp()))
$$;

CREATE FUNCTION sifang_agency() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT o.agency_id FROM people_officer o WHERE o.id = sifang_officer() $$;

-- The agency through which this officer may see persons; null when his role or agency sees none.
CREATE FUNCTION sifang_seeing_agency() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id FROM people_officer o JOIN people_agency a ON a.id = o.agency_id
  WHERE o.id = sifang_officer()
    AND EXISTS (SELECT 1 FROM people_rolegrant g WHERE g.officer_id = o.id
                AND g.valid_from <= statement_timestamp()
                AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())
                AND CASE a.kind
                  WHEN 'procuratorate' THEN g.role = 'prosecutor'
                  WHEN 'justice_bureau' THEN g.role IN ('county_officer', 'duty_officer', 'justice_head')
                  WHEN 'justice_office' THEN g.role = 'township_officer'
                  ELSE false END)
$$;

-- County codes this officer covers: a city's agency all of its counties, a county's agency its own.
CREATE FUNCTION sifang_visible_counties() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT c.area_code::text), '{}')
  FROM people_agency a JOIN people_agency c ON c.level = 'county' AND (
       (a.level = 'county' AND c.area_code = a.area_code)
    OR (a.level = 'city' AND left(c.area_code, 4) = left(a.area_code, 4))
    OR (a.level = 'province' AND left(c.area_code, 2) = left(a.area_code, 2)))
  WHERE a.id = sifang_seeing_agency() AND a.kind IN ('justice_bureau', 'procuratorate')
$$;

CREATE FUNCTION sifang_visible_offices() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(a.id), '{}') FROM people_agency a
  WHERE a.id = sifang_seeing_agency() AND a.kind = 'justice_office'
$$;

-- The supervised person who signed in: sees the own file.
CREATE FUNCTION sifang_own_person() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.person_id FROM people_officer o WHERE o.id = sifang_officer()
    AND EXISTS (SELECT 1 FROM people_rolegrant g WHERE g.officer_id = o.id AND g.role = 'person'
                AND g.valid_from <= statement_timestamp()
                AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp()))
$$;

-- For policies on tables that carry county and office themselves.
CREATE FUNCTION sifang_sees(county text, office uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(county = ANY ((SELECT sifang_visible_counties())::text[]), false)
      OR coalesce(office = ANY ((SELECT sifang_visible_offices())::uuid[]), false)
$$;

-- A named system purpose, admitted only for the role it belongs to.
CREATE FUNCTION sifang_system(purpose text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(sifang_context('system_purpose') = purpose, false) AND CASE purpose
    WHEN 'migration' THEN pg_has_role(current_user, 'sifang_owner', 'USAGE')
    WHEN 'watch' THEN pg_has_role(current_user, 'sifang_watch', 'USAGE')
    WHEN 'reconcile' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'deliver' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compare' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    ELSE false END
$$;

-- Any purpose of the job worker.
CREATE FUNCTION sifang_job() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT sifang_system('reconcile') OR sifang_system('deliver') OR sifang_system('compare') $$;

-- Append-only tables hang this on UPDATE and DELETE.
CREATE FUNCTION sifang_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% 只能追加，不能修改或删除', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""

CONTEXT_BACK = """
DROP FUNCTION sifang_append_only(), sifang_job(), sifang_system(text), sifang_sees(text, uuid),
  sifang_own_person(), sifang_visible_offices(), sifang_visible_counties(), sifang_seeing_agency(),
  sifang_agency(), sifang_officer(), sifang_context(text);
"""

POLICIES = """
ALTER TABLE people_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_person FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON people_person FOR SELECT TO sifang_app, sifang_reader USING (
  county_code = ANY ((SELECT sifang_visible_counties())::text[])
  OR office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
  OR id = (SELECT sifang_own_person()));
CREATE POLICY officer_adds ON people_person FOR INSERT TO sifang_app WITH CHECK (
  county_code = ANY ((SELECT sifang_visible_counties())::text[]));
CREATE POLICY officer_changes ON people_person FOR UPDATE TO sifang_app USING (
  county_code = ANY ((SELECT sifang_visible_counties())::text[])
  OR office_id = ANY ((SELECT sifang_visible_offices())::uuid[])) WITH CHECK (
  county_code = ANY ((SELECT sifang_visible_counties())::text[])
  OR office_id = ANY ((SELECT sifang_visible_offices())::uuid[]));
CREATE POLICY migration ON people_person TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY watch_reads ON people_person FOR SELECT TO sifang_watch USING ((SELECT sifang_system('watch')));
CREATE POLICY jobs_read ON people_person FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));

ALTER TABLE people_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_order FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON people_order FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id));
CREATE POLICY officer_adds ON people_order FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
CREATE POLICY officer_changes ON people_order FOR UPDATE TO sifang_app USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
CREATE POLICY migration ON people_order TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY watch_reads ON people_order FOR SELECT TO sifang_watch USING ((SELECT sifang_system('watch')));
CREATE POLICY jobs_read ON people_order FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));

ALTER TABLE people_readrecord ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_readrecord FORCE ROW LEVEL SECURITY;
CREATE POLICY reader_adds ON people_readrecord FOR INSERT TO sifang_app, sifang_reader WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id IS NOT DISTINCT FROM (SELECT sifang_agency())
  AND purpose = (SELECT sifang_context('purpose')) AND system_purpose = '');
CREATE POLICY reader_shows ON people_readrecord FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = ANY (person_ids)));
CREATE POLICY watch_adds ON people_readrecord FOR INSERT TO sifang_watch WITH CHECK (
  officer_id IS NULL AND system_purpose = 'watch' AND (SELECT sifang_system('watch')));
CREATE POLICY jobs_add ON people_readrecord FOR INSERT TO sifang_jobs WITH CHECK (
  officer_id IS NULL AND system_purpose = (SELECT sifang_context('system_purpose'))
  AND (SELECT sifang_job()));
CREATE POLICY migration ON people_readrecord TO sifang_owner
  USING ((SELECT sifang_system('migration')))
  WITH CHECK ((SELECT sifang_system('migration')) AND officer_id IS NULL AND system_purpose = 'migration');
CREATE TRIGGER readrecord_append_only BEFORE UPDATE OR DELETE ON people_readrecord
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE INDEX people_readrecord_persons ON people_readrecord USING gin (person_ids);
REVOKE UPDATE, DELETE, TRUNCATE ON people_readrecord FROM sifang_app, sifang_watch, sifang_reader, sifang_jobs;
GRANT INSERT ON people_readrecord TO sifang_app, sifang_watch, sifang_reader, sifang_jobs;
"""

POLICIES_BACK = "".join(
    f"""
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT policyname FROM pg_policies WHERE tablename = '{table}' LOOP
    EXECUTE format('DROP POLICY %I ON {table}', p.policyname);
  END LOOP;
END $$;
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
    for table in ("people_readrecord", "people_order", "people_person")
) + """
DROP TRIGGER readrecord_append_only ON people_readrecord;
DROP INDEX people_readrecord_persons;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RunSQL(CONTEXT, CONTEXT_BACK),
        migrations.RunSQL(POLICIES, POLICIES_BACK),
    ]
