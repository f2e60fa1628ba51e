"""Who may write: the justice side its cases; an expectation is fulfilled by its owner or the justice side.

A prosecutor sees what is expected of others and cannot make it look done.
"""

from django.db import migrations

FORWARD = """
CREATE POLICY justice_adds ON cases_case AS RESTRICTIVE FOR INSERT TO sifang_app
  WITH CHECK ((SELECT sifang_justice()));
CREATE POLICY justice_changes ON cases_case AS RESTRICTIVE FOR UPDATE TO sifang_app
  USING ((SELECT sifang_justice()));
CREATE POLICY owner_fulfils ON cases_expectation AS RESTRICTIVE FOR UPDATE TO sifang_app
  USING ((SELECT sifang_justice()) OR owner_id = (SELECT sifang_agency()));

-- a case belongs to its order for good
CREATE FUNCTION sifang_case_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.person_id, OLD.order_id) IS DISTINCT FROM (NEW.person_id, NEW.order_id) THEN
    RAISE EXCEPTION '案件不得改属他人或者另一决定' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER case_stands BEFORE UPDATE ON cases_case
  FOR EACH ROW EXECUTE FUNCTION sifang_case_stands();
"""

BACK = """
DROP TRIGGER case_stands ON cases_case;
DROP FUNCTION sifang_case_stands();
DROP POLICY owner_fulfils ON cases_expectation;
DROP POLICY justice_changes ON cases_case;
DROP POLICY justice_adds ON cases_case;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_row_security"), ("people", "0006_orders_stand")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
