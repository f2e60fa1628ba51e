"""The register follows acts alone (E1, E2, E17): nobody is moved, ended, closed or called supervised by an UPDATE.

A proceeding begins empty or with what its opener hands on; what is expected is closed by what fulfils it;
papers and their recipients belong to the transaction of their act.
"""

from django.db import migrations

COURSE = """
-- a proceeding begins empty, or with what the act that opens it hands on
CREATE FUNCTION sifang_proceeding_begins() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF NEW.opening <> '{}' THEN
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
CREATE TRIGGER proceeding_begins BEFORE INSERT ON cases_proceeding
  FOR EACH ROW EXECUTE FUNCTION sifang_proceeding_begins();

-- E17: the other agency is the county that was applied for, named once
CREATE FUNCTION sifang_other_agency_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF OLD.other_agency_id IS NOT NULL OR NEW.other_agency_id::text IS DISTINCT FROM OLD.facts ->> 'new_agency'
     OR NOT EXISTS (SELECT 1 FROM people_agency a JOIN cases_case c ON c.id = NEW.case_id
                    JOIN people_person p ON p.id = c.person_id
                    WHERE a.id = NEW.other_agency_id AND a.kind = 'justice_bureau' AND a.level = 'county'
                      AND a.id <> p.county_agency_id) THEN
    PERFORM sifang_refuse('新执行地须是所申请的另一县级社区矫正机构（社区矫正法27条）', 'other_agency_as_applied');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER other_agency_stands BEFORE UPDATE ON cases_proceeding
  FOR EACH ROW WHEN (OLD.other_agency_id IS DISTINCT FROM NEW.other_agency_id)
  EXECUTE FUNCTION sifang_other_agency_stands();

-- E1, E2: a case is supervised after reception, closed by its end, and never opened again
CREATE FUNCTION sifang_case_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o people_order; was_ended boolean;
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  SELECT * INTO o FROM people_order WHERE id = NEW.order_id;
  IF NEW.stage = 'supervised' AND o.received_on IS NULL THEN
    PERFORM sifang_refuse('决定尚未接收登记，不得监督管理（社区矫正法22条）', 'supervised_after_reception');
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.closed_at IS NOT NULL OR NEW.stage = 'ended' THEN
      PERFORM sifang_refuse('案件从接收开始', 'case_follows_its_acts');
    END IF;
    RETURN NEW;
  END IF;
  was_ended := OLD.closed_at IS NOT NULL OR OLD.stage = 'ended';
  IF (was_ended AND (NEW.closed_at, NEW.stage) IS DISTINCT FROM (OLD.closed_at, OLD.stage))
     OR (NEW.stage = 'handover' AND OLD.stage <> 'handover')
     OR (NOT was_ended AND (NEW.closed_at IS NOT NULL OR NEW.stage = 'ended') AND o.ended_at IS NULL) THEN
    PERFORM sifang_refuse('案件只随行为进行和终结（社区矫正法44条）', 'case_follows_its_acts');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER case_follows BEFORE INSERT OR UPDATE ON cases_case
  FOR EACH ROW EXECUTE FUNCTION sifang_case_follows();

-- an order whose course runs here ends by an act of that course
CREATE FUNCTION sifang_order_ends_by_an_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF EXISTS (SELECT 1 FROM cases_case c JOIN cases_proceeding r ON r.case_id = c.id WHERE c.order_id = NEW.id)
     AND NOT EXISTS (SELECT 1 FROM cases_case c JOIN cases_proceeding r ON r.case_id = c.id
       WHERE c.order_id = NEW.id AND r.procedure IN ('ending', 'intake') AND r.closed_at IS NOT NULL
         AND (r.procedure = 'intake' OR r.state IN ('released', 'terminated'))) THEN
    PERFORM sifang_refuse('矫正只随解除、终止的行为结束（社区矫正法44条、45条）', 'order_ends_by_an_act');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_ends_by_an_act BEFORE UPDATE ON people_order
  FOR EACH ROW WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at)
  EXECUTE FUNCTION sifang_order_ends_by_an_act();

-- E17: who has an open case passes to another county by its registration alone, after arrival and hand-over
CREATE FUNCTION sifang_person_moves_by_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF EXISTS (SELECT 1 FROM cases_case c WHERE c.person_id = NEW.id AND c.closed_at IS NULL)
     AND NOT EXISTS (SELECT 1 FROM cases_case c JOIN cases_proceeding r ON r.case_id = c.id
       WHERE c.person_id = NEW.id AND r.procedure = 'move' AND r.state = 'received' AND r.closed_at IS NULL
         AND r.other_agency_id = NEW.county_agency_id AND sifang_is_there(r.facts -> 'arrived_on')
         AND sifang_is_there(r.facts -> 'handed_over_on')) THEN
    PERFORM sifang_refuse('本人报到、原执行地移交、新执行地登记接收以前，仍由原执行地负责（办法31条）',
                          'person_moves_by_register');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER person_moves_by_register BEFORE UPDATE ON people_person
  FOR EACH ROW WHEN (OLD.county_agency_id IS DISTINCT FROM NEW.county_agency_id)
  EXECUTE FUNCTION sifang_person_moves_by_register();
"""

DUTIES = """
-- what a procedure expects is closed by an act of the case, a receipt by the receipt
CREATE FUNCTION sifang_expectation_closes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF NEW.subject_kind = 'proceeding' AND NOT EXISTS (
       SELECT 1 FROM cases_act a WHERE a.id = NEW.closed_by AND a.case_id = NEW.case_id
         AND a.recorded_at >= transaction_timestamp())
     OR NEW.subject_kind = 'dispatch' AND NOT EXISTS (
       SELECT 1 FROM cases_dispatch d WHERE d.id = NEW.closed_by AND d.id = NEW.subject_id
         AND d.state = 'accepted') THEN
    PERFORM sifang_refuse('应办事项只由履行它的行为或者签收了结', 'closed_by_what_fulfils_it');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER expectation_closes BEFORE UPDATE ON cases_expectation
  FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)
  EXECUTE FUNCTION sifang_expectation_closes();

-- nothing is sent with a receipt on it, and nothing is added to an act once it is done
CREATE FUNCTION sifang_dispatch_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF NEW.state NOT IN ('expected', 'sent') OR NEW.answered_at IS NOT NULL OR NEW.answered_by_id IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM cases_act a WHERE a.id = NEW.act_id AND a.case_id = NEW.case_id
                    AND a.recorded_at >= transaction_timestamp()) THEN
    PERFORM sifang_refuse('送达随行为写明，签收在后', 'dispatch_begins_unanswered');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispatch_begins BEFORE INSERT ON cases_dispatch
  FOR EACH ROW EXECUTE FUNCTION sifang_dispatch_begins();
CREATE FUNCTION sifang_document_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF NEW.sha256 <> encode(sha256(NEW.pdf), 'hex') OR NOT EXISTS (
       SELECT 1 FROM cases_act a WHERE a.id = NEW.act_id AND a.recorded_at >= transaction_timestamp()) THEN
    PERFORM sifang_refuse('文书只随行为制作，制作后不变', 'document_is_whole');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER document_is_whole BEFORE INSERT ON cases_document
  FOR EACH ROW EXECUTE FUNCTION sifang_document_is_whole();
"""

BACK = "SELECT 1"  # the tables go with migration 0005


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_facts_are_known"), ("people", "0013_sealed_minors")]

    operations = [migrations.RunSQL(part, BACK) for part in (COURSE, DUTIES)]
