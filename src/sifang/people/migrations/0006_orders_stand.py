"""An order says what its paper says: it may end early, it never grows; only the justice side writes.

The procuratorate reads persons and orders and changes none. A longer term, another person or another type
needs a new document, hence a new row (E1, E2).
"""

from django.db import migrations

FORWARD = """
-- the officer of this transaction works for the justice administration (the procuratorate only reads)
CREATE FUNCTION sifang_justice() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_agency a WHERE a.id = sifang_seeing_agency()
                 AND a.kind IN ('justice_bureau', 'justice_office')) $$;
-- … for a justice bureau (社区矫正法22条: the county agency receives and registers)
CREATE FUNCTION sifang_justice_bureau() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_agency a WHERE a.id = sifang_seeing_agency()
                 AND a.kind = 'justice_bureau') $$;

CREATE POLICY justice_adds ON people_person AS RESTRICTIVE FOR INSERT TO sifang_app
  WITH CHECK ((SELECT sifang_justice_bureau()));
CREATE POLICY justice_changes ON people_person AS RESTRICTIVE FOR UPDATE TO sifang_app
  USING ((SELECT sifang_justice()));
CREATE POLICY justice_adds ON people_order AS RESTRICTIVE FOR INSERT TO sifang_app
  WITH CHECK ((SELECT sifang_justice_bureau()));
CREATE POLICY justice_changes ON people_order AS RESTRICTIVE FOR UPDATE TO sifang_app
  USING ((SELECT sifang_justice_bureau()));

CREATE FUNCTION sifang_order_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'ended_at' - 'term_end' - 'prohibition_until' IS DISTINCT FROM
     to_jsonb(OLD) - 'ended_at' - 'term_end' - 'prohibition_until' THEN
    RAISE EXCEPTION '已登记的决定不得改动（社区矫正法22条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  IF NEW.term_end > OLD.term_end
     OR COALESCE(NEW.ended_at, 'infinity') > COALESCE(OLD.ended_at, 'infinity')
     OR COALESCE(NEW.prohibition_until, 'infinity') > COALESCE(OLD.prohibition_until, 'infinity') THEN
    RAISE EXCEPTION '期限只能依新的文书延长（社区矫正法44条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_stands BEFORE UPDATE ON people_order
  FOR EACH ROW EXECUTE FUNCTION sifang_order_stands();
"""

BACK = """
DROP TRIGGER order_stands ON people_order;
DROP FUNCTION sifang_order_stands();
DROP POLICY justice_changes ON people_order;
DROP POLICY justice_adds ON people_order;
DROP POLICY justice_changes ON people_person;
DROP POLICY justice_adds ON people_person;
DROP FUNCTION sifang_justice_bureau(), sifang_justice();
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0005_officer_password_expires_at")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
