"""Who sees courses, and what the database itself asks of an act.

An act is written only by the row of a published edition: right state, right actor, right type, condition met
on facts that agree with the register, reasons where they are due, nothing that burdens the person outside
the term. State and facts of a proceeding change by an act alone.
"""

from django.db import migrations

TABLES = ("cases_proceeding", "cases_act", "cases_dispatch", "cases_document")

FORWARD = """
-- the officer of this transaction works on cases (an administrator of the same agency does not)
CREATE FUNCTION sifang_works_cases() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT sifang_holds('{township_officer,county_officer,justice_head,prosecutor,police_officer,judge,custody_officer,person}')
$$;

-- editions: read by all, written once by the owner
CREATE TRIGGER edition_append_only BEFORE UPDATE OR DELETE ON cases_edition
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE TRIGGER editionrow_append_only BEFORE UPDATE OR DELETE ON cases_editionrow
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
ALTER TABLE cases_edition ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_edition FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_editionrow ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_editionrow FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON cases_edition FOR SELECT USING (true);
CREATE POLICY everybody_reads ON cases_editionrow FOR SELECT USING (true);
CREATE POLICY publishes ON cases_edition FOR INSERT TO sifang_owner WITH CHECK (true);
CREATE POLICY publishes ON cases_editionrow FOR INSERT TO sifang_owner WITH CHECK (true);

-- proceedings, acts: who sees the case
ALTER TABLE cases_proceeding ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_proceeding FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON cases_proceeding FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY officer_adds ON cases_proceeding FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) AND (SELECT sifang_works_cases()));
CREATE POLICY act_changes ON cases_proceeding FOR UPDATE TO sifang_app USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) AND (SELECT sifang_works_cases()));
CREATE POLICY migration ON cases_proceeding TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY jobs ON cases_proceeding TO sifang_jobs
  USING ((SELECT sifang_job())) WITH CHECK ((SELECT sifang_job()));
CREATE POLICY watch_reads ON cases_proceeding FOR SELECT TO sifang_watch
  USING ((SELECT sifang_system('watch')));

ALTER TABLE cases_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_act FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON cases_act FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY officer_acts ON cases_act FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id IS NOT DISTINCT FROM (SELECT sifang_agency())
  AND EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY clock_acts ON cases_act FOR INSERT TO sifang_jobs WITH CHECK (
  officer_id IS NULL AND agency_id IS NULL AND (SELECT sifang_system('reconcile')));
CREATE POLICY jobs_read ON cases_act FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));
CREATE POLICY migration ON cases_act TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE TRIGGER act_append_only BEFORE UPDATE OR DELETE ON cases_act
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();

-- dispatches: sender, recipient, and who sees the case
ALTER TABLE cases_dispatch ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_dispatch FORCE ROW LEVEL SECURITY;
CREATE POLICY party_reads ON cases_dispatch FOR SELECT TO sifang_app, sifang_reader USING (
  ((to_agency_id = (SELECT sifang_agency()) OR from_agency_id = (SELECT sifang_agency()))
    AND (SELECT sifang_works_cases()))
  OR EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY act_sends ON cases_dispatch FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM cases_act a WHERE a.id = act_id AND a.case_id = cases_dispatch.case_id
          AND a.officer_id = (SELECT sifang_officer())));
CREATE POLICY party_answers ON cases_dispatch FOR UPDATE TO sifang_app USING (
  (SELECT sifang_works_cases()) AND (
    to_agency_id = (SELECT sifang_agency()) OR from_agency_id = (SELECT sifang_agency())
    OR (to_agency_id IS NULL AND EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)
        AND ((SELECT sifang_justice()) OR (SELECT sifang_own_person()) IS NOT NULL))));
CREATE POLICY jobs ON cases_dispatch TO sifang_jobs
  USING ((SELECT sifang_job())) WITH CHECK ((SELECT sifang_job()));
CREATE POLICY migration ON cases_dispatch TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));

-- documents: who sees the case, and the recipients of what carries them
ALTER TABLE cases_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_document FORCE ROW LEVEL SECURITY;
CREATE POLICY party_reads ON cases_document FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)
  OR EXISTS (SELECT 1 FROM cases_dispatch d WHERE d.document_id = cases_document.id));
CREATE POLICY act_issues ON cases_document FOR INSERT TO sifang_app WITH CHECK (
  issued_by_id = (SELECT sifang_officer())
  AND EXISTS (SELECT 1 FROM cases_act a WHERE a.id = act_id AND a.case_id = cases_document.case_id
              AND a.officer_id = (SELECT sifang_officer())));
CREATE POLICY jobs_issue ON cases_document FOR INSERT TO sifang_jobs WITH CHECK ((SELECT sifang_job()));
CREATE POLICY jobs_read ON cases_document FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));
CREATE POLICY migration ON cases_document TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE TRIGGER document_append_only BEFORE UPDATE OR DELETE ON cases_document
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();

-- an expectation is closed by its owner, by the justice side, or by an act or receipt of this officer
-- (of another's case one sees, by a share, what its procedures expect, and no alarm)
ALTER POLICY officer_reads ON cases_expectation USING (
  owner_id = (SELECT sifang_agency())
  OR EXISTS (SELECT 1 FROM cases_case c JOIN people_person p ON p.id = c.person_id WHERE c.id = case_id AND (
       subject_kind IN ('proceeding', 'dispatch')
       OR p.county_code = ANY ((SELECT sifang_visible_counties())::text[])
       OR p.office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
       OR p.id = (SELECT sifang_own_person()))));
DROP POLICY owner_fulfils ON cases_expectation;
CREATE POLICY owner_fulfils ON cases_expectation AS RESTRICTIVE FOR UPDATE TO sifang_app USING (
  owner_id = (SELECT sifang_agency())
  OR ((SELECT sifang_justice())
      AND EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id AND sifang_covers(c.person_id)))
  OR case_id::text = current_setting('sifang.act_case', true)
  OR EXISTS (SELECT 1 FROM cases_dispatch d WHERE d.id = subject_id
             AND d.answered_by_id = (SELECT sifang_officer())));
DROP POLICY officer_fulfils ON cases_expectation;
CREATE POLICY officer_fulfils ON cases_expectation FOR UPDATE TO sifang_app USING (
  (SELECT sifang_officer()) IS NOT NULL
  AND (EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id) OR owner_id = (SELECT sifang_agency())));
-- a case wakes and changes its stage by acts of any party that has a row in its procedures
DROP POLICY officer_changes ON cases_case;
CREATE POLICY officer_changes ON cases_case FOR UPDATE TO sifang_app USING (
  (SELECT sifang_works_cases()) AND (
    ((SELECT sifang_justice()) AND sifang_covers(person_id))
    OR EXISTS (SELECT 1 FROM people_order o WHERE o.id = order_id AND o.entered_by_id = (SELECT sifang_agency()))
    -- the case in which an act was written in this transaction (its own trigger says so)
    OR id::text = current_setting('sifang.act_case', true)));
DROP POLICY justice_changes ON cases_case;
-- the body that entered the judgment opens the course; otherwise the justice side
DROP POLICY officer_adds ON cases_case;
CREATE POLICY officer_adds ON cases_case FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id) AND (SELECT sifang_works_cases()));
DROP POLICY justice_adds ON cases_case;
CREATE POLICY opener_adds ON cases_case AS RESTRICTIVE FOR INSERT TO sifang_app WITH CHECK (
  (SELECT sifang_justice()) OR EXISTS (
    SELECT 1 FROM people_order o WHERE o.id = order_id AND o.entered_by_id = (SELECT sifang_agency())));
CREATE POLICY jobs_change ON cases_case FOR UPDATE TO sifang_jobs USING ((SELECT sifang_job()));

CREATE FUNCTION sifang_value_holds(given_value jsonb, op text, wanted jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  n numeric := CASE jsonb_typeof(given_value) WHEN 'number' THEN (given_value #>> '{}')::numeric
                 WHEN 'boolean' THEN CASE WHEN given_value = 'true' THEN 1 ELSE 0 END
                 WHEN 'string' THEN CASE WHEN given_value #>> '{}' ~ '^-?[0-9]+$'
                                         THEN (given_value #>> '{}')::numeric ELSE 0 END
                 ELSE 0 END;
  is_there boolean := NOT (given_value IS NULL OR given_value IN ('null', 'false', '0', '""', '[]', '{}'));
BEGIN
  RETURN CASE op
    WHEN 'le' THEN n <= (wanted #>> '{}')::numeric
    WHEN 'gt' THEN n > (wanted #>> '{}')::numeric
    WHEN 'eq' THEN COALESCE(given_value = wanted, false)
    WHEN 'ne' THEN NOT COALESCE(given_value = wanted, false)
    WHEN 'has' THEN is_there
    WHEN 'not' THEN NOT is_there
    ELSE false END;
END $$;

CREATE FUNCTION sifang_given(given jsonb, facts jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT COALESCE(bool_and(sifang_value_holds(facts -> (part ->> 0), part ->> 1, part -> 2)), true)
  FROM jsonb_array_elements(given) AS part $$;

-- Longest sum of days away in any two months that touch this leave, this leave included (办法27条, 我方理解).
CREATE FUNCTION sifang_leave_window(of_case uuid, leave uuid, first date, last date) RETURNS integer
LANGUAGE sql STABLE AS $$
  WITH spans AS (
    SELECT (facts ->> 'leaves_on')::date AS a,
           COALESCE(facts ->> 'returned_on', facts ->> 'returns_on')::date AS b
    FROM cases_proceeding
    WHERE case_id = of_case AND procedure = 'leave' AND id <> leave
      AND state IN ('granted', 'overdue', 'closed') AND facts ? 'leaves_on'
    UNION ALL SELECT first, last),
  days AS (SELECT DISTINCT d::date AS d FROM spans, generate_series(a, b, interval '1 day') AS d)
  SELECT COALESCE(max((SELECT count(*) FROM days o
                       WHERE o.d >= s.d AND o.d < s.d + interval '2 months')), 0)::integer
  FROM days s WHERE s.d <= last AND s.d + interval '2 months' > first $$;

-- Whether the officer of this transaction is the actor that a row names.
CREATE FUNCTION sifang_is_actor(actor text, matter text, of_person uuid, decider uuid, other uuid,
                                on_day date, is_recorded boolean) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  mine people_agency; p people_person;
  county boolean; office boolean;
BEGIN
  SELECT * INTO p FROM people_person WHERE id = of_person;
  IF actor = '社区矫正对象' AND NOT is_recorded THEN
    RETURN of_person = sifang_own_person();
  END IF;
  SELECT * INTO mine FROM people_agency WHERE id = sifang_agency();
  IF mine.id IS NULL THEN RETURN false; END IF;
  county := mine.id = p.county_agency_id AND sifang_holds('{county_officer}');
  office := mine.id = p.office_id AND sifang_holds('{township_officer}');
  IF is_recorded THEN
    RETURN actor IN ('社区矫正对象', '监护人', '协助单位') AND (
      county OR office OR (mine.id = other AND sifang_holds('{county_officer}')));
  END IF;
  RETURN COALESCE(CASE actor
    WHEN '县级社区矫正机构' THEN county OR (office AND matter <> '' AND EXISTS (
      SELECT 1 FROM people_delegation d WHERE d.office_id = mine.id AND d.agency_id = p.county_agency_id
        AND d.matter = sifang_is_actor.matter AND d.valid_from <= on_day
        AND (d.valid_to IS NULL OR d.valid_to >= on_day)))
    WHEN '司法所' THEN office
    WHEN '县级司法行政部门负责人' THEN mine.id = p.county_agency_id AND sifang_holds('{justice_head}')
    WHEN '上一级社区矫正机构' THEN mine.kind = 'justice_bureau' AND mine.level = 'city'
      AND left(mine.area_code, 4) = left(p.county_code, 4) AND sifang_holds('{county_officer,justice_head}')
    WHEN '省级社区矫正机构' THEN mine.kind = 'justice_bureau' AND mine.level = 'province'
      AND left(mine.area_code, 2) = left(p.county_code, 2) AND sifang_holds('{county_officer,justice_head}')
    WHEN '新执行地县级社区矫正机构' THEN mine.id = other AND sifang_holds('{county_officer}')
    WHEN '社区矫正决定机关' THEN mine.id = decider
      AND sifang_holds('{judge,custody_officer,police_officer}')
    WHEN '人民法院' THEN mine.kind = 'court' AND sifang_holds('{judge}')
    WHEN '监狱、看守所' THEN mine.kind IN ('prison', 'detention_centre') AND sifang_holds('{custody_officer}')
    WHEN '公安机关' THEN mine.kind = 'police' AND sifang_holds('{police_officer}')
    WHEN '出入境管理机构' THEN mine.kind = 'police' AND sifang_holds('{police_officer}')
    WHEN '人民检察院' THEN mine.kind = 'procuratorate' AND sifang_holds('{prosecutor}')
    ELSE false END, false);
END $$;

CREATE FUNCTION sifang_refuse(words text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', words USING ERRCODE = 'check_violation', CONSTRAINT = name;
END $$;

CREATE FUNCTION sifang_act_is_lawful() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  run cases_proceeding; law cases_editionrow; ed cases_edition; c cases_case; o people_order;
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  SELECT * INTO run FROM cases_proceeding WHERE id = NEW.proceeding_id FOR UPDATE;
  SELECT * INTO c FROM cases_case WHERE id = NEW.case_id;
  SELECT * INTO o FROM people_order WHERE id = c.order_id;
  SELECT * INTO ed FROM cases_edition WHERE name = NEW.procedure AND edition = NEW.edition;
  SELECT * INTO law FROM cases_editionrow WHERE edition_id = ed.id AND number = NEW.row;
  NEW.recorded_at := clock_timestamp();
  IF law.id IS NULL OR law.name <> NEW.step OR ed.digest <> NEW.edition_digest OR run.id IS NULL
     OR run.case_id <> NEW.case_id OR run.procedure <> NEW.procedure THEN
    PERFORM sifang_refuse('没有这一程序步骤', 'act_has_a_row');
  END IF;
  IF NEW.day <> (NEW.at AT TIME ZONE 'Asia/Shanghai')::date OR NEW.at > clock_timestamp() + interval '1 minute'
     OR NEW.day < ed.edition OR NEW.day > COALESCE(ed.valid_to, 'infinity') THEN
    PERFORM sifang_refuse('行为的日期与所用版本不符', 'act_by_its_day');
  END IF;
  IF run.closed_at IS NOT NULL OR NEW.state_before <> run.state
     OR NOT (law.frm = run.state OR (law.frm = '*'))
     OR NEW.state_after <> (CASE law."to" WHEN '=' THEN run.state ELSE law."to" END) THEN
    PERFORM sifang_refuse('现在没有这一步', 'act_from_its_state');
  END IF;
  IF c.closed_at IS NOT NULL AND NOT run.outlives THEN
    PERFORM sifang_refuse('矫正期已满或者已终止，不再监督管理（社区矫正法44条）', 'act_within_the_course');
  END IF;
  IF law.burden AND (NEW.day > o.term_end OR (o.ended_at IS NOT NULL AND NEW.at > o.ended_at)) THEN
    PERFORM sifang_refuse('矫正期已满，不得再作此决定（社区矫正法44条）', 'act_within_the_term');
  END IF;
  IF cardinality(law.types) > 0 AND NOT o.type = ANY (law.types) THEN
    PERFORM sifang_refuse('该类对象不适用（' || law.article || '）', 'act_for_its_type');
  END IF;
  IF NEW.facts ->> 'type' IS DISTINCT FROM o.type OR NOT sifang_given(law.given, NEW.facts) THEN
    PERFORM sifang_refuse('条件不具备（' || law.article || '）', 'act_on_its_condition');
  END IF;
  IF law.not_before <> '' AND NEW.day < COALESCE((NEW.facts ->> law.not_before)::date, '-infinity') THEN
    PERFORM sifang_refuse('现在办理为时尚早（' || law.article || '）', 'act_not_too_early');
  END IF;
  IF (law.reasons AND btrim(NEW.reasons) = '') OR (law.remedy AND btrim(NEW.remedy) = '') THEN
    PERFORM sifang_refuse('须写明理由并告知救济途径（' || law.article || '）', 'act_has_reasons');
  END IF;
  IF law.actor <> NEW.actor THEN
    PERFORM sifang_refuse('此项权限属于' || law.actor || '（' || law.article || '）', 'act_by_its_actor');
  ELSIF law.actor = '期限届满' THEN
    IF NOT sifang_system('reconcile') THEN
      PERFORM sifang_refuse('期限只由系统计算', 'act_by_its_actor');
    END IF;
  ELSIF NOT sifang_is_actor(law.actor, law.delegable, c.person_id, o.decided_by_id, run.other_agency_id,
                            NEW.day, NEW.recorded_for) THEN
    PERFORM sifang_refuse('此项权限属于' || law.actor || '（' || law.article || '）', 'act_by_its_actor');
  END IF;
  PERFORM sifang_leave_is_counted(NEW, run, c);
  RETURN NEW;
END $$;

-- E6: length, sum and delegation are computed, never taken from the one who decides.
CREATE FUNCTION sifang_leave_is_counted(a cases_act, run cases_proceeding, c cases_case) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE first date; last date; is_left boolean;
BEGIN
  IF a.procedure <> 'leave' OR a.step NOT IN ('approve', 'refuse') THEN RETURN; END IF;
  first := (run.facts ->> 'leaves_on')::date;
  last := (run.facts ->> 'returns_on')::date;
  SELECT EXISTS (SELECT 1 FROM people_delegation d JOIN people_person p ON p.id = c.person_id
                 WHERE d.office_id = p.office_id AND d.agency_id = p.county_agency_id AND d.matter = 'leave'
                   AND d.valid_from <= a.day AND (d.valid_to IS NULL OR d.valid_to >= a.day)) INTO is_left;
  IF (a.facts ->> 'days')::integer IS DISTINCT FROM last - first + 1
     OR (a.facts ->> 'window_days')::integer IS DISTINCT FROM sifang_leave_window(c.id, run.id, first, last)
     OR COALESCE((a.facts ->> 'delegated_leave')::boolean, false) IS DISTINCT FROM is_left THEN
    PERFORM sifang_refuse('外出天数由系统计算（办法27条）', 'leave_is_counted');
  END IF;
END $$;
CREATE TRIGGER act_is_lawful BEFORE INSERT ON cases_act
  FOR EACH ROW EXECUTE FUNCTION sifang_act_is_lawful();

CREATE FUNCTION sifang_act_takes_effect() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE law cases_editionrow;
BEGIN
  PERFORM set_config('sifang.act_case', NEW.case_id::text, true);
  IF sifang_system('migration') THEN RETURN NULL; END IF;
  SELECT r.* INTO law FROM cases_editionrow r JOIN cases_edition e ON e.id = r.edition_id
    WHERE e.name = NEW.procedure AND e.edition = NEW.edition AND r.number = NEW.row;
  UPDATE cases_proceeding SET state = NEW.state_after, facts = NEW.after,
    closed_at = CASE WHEN law.is_final THEN NEW.at END WHERE id = NEW.proceeding_id;
  IF cardinality(law.closes) > 0 THEN
    UPDATE cases_proceeding SET closed_at = NEW.at
      WHERE case_id = NEW.case_id AND closed_at IS NULL AND id <> NEW.proceeding_id
        AND (procedure = ANY (law.closes) OR ('*' = ANY (law.closes) AND NOT outlives));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER act_takes_effect AFTER INSERT ON cases_act
  FOR EACH ROW EXECUTE FUNCTION sifang_act_takes_effect();

CREATE FUNCTION sifang_proceeding_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' THEN
    PERFORM sifang_refuse('程序不能删除', 'proceeding_stands');
  ELSIF TG_OP = 'INSERT' THEN
    IF NEW.closed_at IS NOT NULL OR NEW.facts <> NEW.opening OR NOT EXISTS (
        SELECT 1 FROM cases_edition e WHERE e.name = NEW.procedure AND e.start = NEW.state) THEN
      PERFORM sifang_refuse('程序从起点开始', 'proceeding_from_its_start');
    END IF;
  ELSIF pg_trigger_depth() < 2
        AND (to_jsonb(NEW) - 'other_agency_id') IS DISTINCT FROM (to_jsonb(OLD) - 'other_agency_id') THEN
    PERFORM sifang_refuse('程序的状态只随行为改变', 'proceeding_stands');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proceeding_stands BEFORE INSERT OR UPDATE ON cases_proceeding
  FOR EACH ROW EXECUTE FUNCTION sifang_proceeding_stands();

-- A receipt is given once, by the recipient; a disputed one may still be accepted; nothing else changes.
CREATE FUNCTION sifang_dispatch_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  IF (to_jsonb(NEW) - '{state,sent_at,answered_at,answered_by_id,words}'::text[])
     IS DISTINCT FROM (to_jsonb(OLD) - '{state,sent_at,answered_at,answered_by_id,words}'::text[])
     OR OLD.state = 'accepted' THEN
    PERFORM sifang_refuse('送达记录不能改动', 'dispatch_stands');
  END IF;
  IF NEW.state IN ('accepted', 'disputed') AND NOT (
       NEW.answered_by_id = sifang_officer() AND (NEW.to_agency_id = sifang_agency()
         OR NEW.to_agency_id IS NULL)) THEN
    PERFORM sifang_refuse('只有收件机构能够签收', 'receipt_by_the_recipient');
  END IF;
  IF NEW.state = 'sent' AND NOT (OLD.state = 'expected' AND NEW.from_agency_id = sifang_agency()) THEN
    PERFORM sifang_refuse('只有发件机构能够补送', 'sent_by_the_sender');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispatch_stands BEFORE UPDATE ON cases_dispatch
  FOR EACH ROW EXECUTE FUNCTION sifang_dispatch_stands();
CREATE TRIGGER dispatch_kept BEFORE DELETE ON cases_dispatch
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE TRIGGER proceeding_kept BEFORE DELETE ON cases_proceeding
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
"""

BACK = "SELECT 1"  # the tables go with migration 0004


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_courses"), ("people", "0012_keys_and_moves")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
