"""Who sees a person merely by a share reads the course and writes none of it as its own.

What is expected of others (alarms to be handled among it) is not shown to it, what is expected of it is.
What such an agency may do in the course (answer a move, confirm a receipt) has its own rows and policies.
"""

from django.db import migrations

FORWARD = """
ALTER POLICY officer_reads ON cases_expectation USING (
  owner_id = (SELECT sifang_agency())
  OR EXISTS (SELECT 1 FROM cases_case c JOIN people_person p ON p.id = c.person_id WHERE c.id = case_id AND (
       p.county_code = ANY ((SELECT sifang_visible_counties())::text[])
       OR p.office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
       OR p.id = (SELECT sifang_own_person()))));
ALTER POLICY officer_adds ON cases_case WITH CHECK (
  sifang_covers(person_id) AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY officer_changes ON cases_case USING (
  sifang_covers(person_id) AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY owner_fulfils ON cases_expectation USING (
  owner_id = (SELECT sifang_agency())
  OR ((SELECT sifang_justice())
      AND EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id AND sifang_covers(c.person_id))));
"""
BACK = """
ALTER POLICY officer_reads ON cases_expectation USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) OR owner_id = (SELECT sifang_agency()));
ALTER POLICY officer_adds ON cases_case WITH CHECK (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY officer_changes ON cases_case USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY owner_fulfils ON cases_expectation USING (
  (SELECT sifang_justice()) OR owner_id = (SELECT sifang_agency()));
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_who_fulfils"), ("people", "0010_shares")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
