"""While it is open, an expectation may pass to the agency that became responsible (a change of place)."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION sifang_expectation_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL OR (to_jsonb(NEW) - 'closed_at' - 'closed_by' - '{moving}')
      IS DISTINCT FROM (to_jsonb(OLD) - 'closed_at' - 'closed_by' - '{moving}')
      OR (NEW.owner_id IS DISTINCT FROM OLD.owner_id
          AND OLD.case_id::text IS DISTINCT FROM current_setting('sifang.act_case', true)) THEN
    RAISE EXCEPTION '应办事项只能由履行它的行为了结一次' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_acts_are_checked")]

    operations = [
        migrations.RunSQL(FUNCTION.replace("{moving}", "owner_id"), FUNCTION.replace("{moving}", "id"))
    ]
