"""What a person does alone is written in nobody else's context; reasons are words, not blanks (E7, E16, E19).

Until now whoever saw the case could write an application or a consent as if the person had signed in.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION sifang_act_says_why() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE law cases_editionrow; of_person uuid;
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  SELECT r.* INTO law FROM cases_editionrow r JOIN cases_edition e ON e.id = r.edition_id
    WHERE e.name = NEW.procedure AND e.edition = NEW.edition AND r.number = NEW.row;
  IF (law.reasons AND NEW.reasons !~ '[^[:space:]　]') OR (law.remedy AND NEW.remedy !~ '[^[:space:]　]') THEN
    PERFORM sifang_refuse('须写明理由并告知救济途径（' || law.article || '）', 'act_has_reasons');
  END IF;
  SELECT person_id INTO of_person FROM cases_case WHERE id = NEW.case_id;
  IF law.actor = '社区矫正对象' AND NOT NEW.recorded_for AND of_person IS DISTINCT FROM sifang_own_person() THEN
    PERFORM sifang_refuse('此项权限属于' || law.actor || '（' || law.article || '）', 'act_by_its_actor');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER act_says_why BEFORE INSERT ON cases_act
  FOR EACH ROW EXECUTE FUNCTION sifang_act_says_why();
"""
BACK = """
DROP TRIGGER act_says_why ON cases_act;
DROP FUNCTION sifang_act_says_why();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_month_figures")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
