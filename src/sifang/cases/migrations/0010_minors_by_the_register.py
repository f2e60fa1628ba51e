"""A minor is who the register says is one (社区矫正法58条); a course from elsewhere begins with its day alone.

Whether a record is to be sealed depends on the sentence, which the sealing itself checks (people, 0013).
"""

from django.db import migrations

FORWARD = """
-- what the register says about a case, in the keys of the tables
CREATE OR REPLACE FUNCTION sifang_case_facts(of_case cases_case, o people_order) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'type', o.type, 'woman', p.sex = 'f', 'minor', p.is_minor,
    'medical', sifang_is_there(o.term_facts -> 'medical')
               OR (o.type = 'outside_prison' AND position('保外就医' IN o.document_no) > 0),
    'approved_by', CASE a.kind WHEN 'court' THEN 'court' WHEN 'police' THEN 'police' ELSE 'prison' END,
    'effective_on', o.effective_on, 'document_on', o.document_date, 'term_start', o.term_start,
    'term_end', o.term_end, 'received_on', o.received_on, 'papers_pending', o.papers_pending,
    'decided_elsewhere', left(a.area_code, 4) <> left(p.county_code, 4),
    'has_prohibition', o.prohibition <> '', 'prohibition_until', o.prohibition_until,
    'held', EXISTS (SELECT 1 FROM cases_proceeding h WHERE h.case_id = of_case.id AND h.procedure = 'held'
                    AND h.closed_at IS NULL AND h.facts -> 'held' = 'true'))
  FROM people_person p JOIN people_agency a ON a.id = o.decided_by_id
  WHERE p.id = of_case.person_id $$;

-- a proceeding begins empty, or with what the act that opens it hands on
CREATE OR REPLACE FUNCTION sifang_proceeding_begins() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ed cases_edition; opener cases_act; c cases_case;
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  SELECT * INTO c FROM cases_case WHERE id = NEW.case_id;
  SELECT * INTO ed FROM cases_edition WHERE name = NEW.procedure AND start = NEW.state
    ORDER BY edition DESC LIMIT 1;
  IF NEW.other_agency_id IS NOT NULL OR NEW.started_at > clock_timestamp() + interval '1 minute'
     OR NEW.outlives IS DISTINCT FROM ed.outlives OR (c.closed_at IS NOT NULL AND NOT ed.outlives)
     OR (NOT ed.many AND EXISTS (SELECT 1 FROM cases_proceeding r WHERE r.case_id = NEW.case_id
                                 AND r.procedure = NEW.procedure AND r.closed_at IS NULL)) THEN
    PERFORM sifang_refuse('这一程序现在不能开始', 'proceeding_from_its_start');
  END IF;
  IF NEW.opened_by_id IS NULL THEN
    -- a course taken over from elsewhere counts from the day on which it begins here
    IF NEW.opening NOT IN ('{}', jsonb_build_object(
         'opened_on', (NEW.started_at AT TIME ZONE 'Asia/Shanghai')::date)) THEN
      PERFORM sifang_refuse('程序开始时没有事实', 'proceeding_begins_empty');
    END IF;
    RETURN NEW;
  END IF;
  SELECT a.* INTO opener FROM cases_act a
    JOIN cases_edition e ON e.name = a.procedure AND e.edition = a.edition
    JOIN cases_editionrow r ON r.edition_id = e.id AND r.number = a.row
    WHERE a.id = NEW.opened_by_id AND a.case_id = NEW.case_id AND NEW.procedure = ANY (r.opens);
  IF opener.id IS NULL OR EXISTS (
      SELECT 1 FROM jsonb_each(NEW.opening) AS f WHERE f.value IS DISTINCT FROM
        CASE f.key WHEN 'opened_on' THEN to_jsonb(opener.day) ELSE opener.after -> f.key END) THEN
    PERFORM sifang_refuse('程序开始时的事实须来自开始它的行为', 'proceeding_begins_empty');
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_register_follows_acts")]

    operations = [migrations.RunSQL(FORWARD, "SELECT 1")]
