"""The database recomputes the facts on which an act is judged and what they become (E1, E2, E6, E14–E17, E19, E24).

Until now it believed the facts that came with an act, except type and leave. From here on they are what the
register, the proceeding, the answers to this step's own questions and the record say.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

PUBLISHED = """
-- an edition that was published without these columns gets them once, and nothing else ever
CREATE FUNCTION sifang_edition_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE later text[] := '{sources,many,outlives,asks,sets,opens}';
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - later IS DISTINCT FROM to_jsonb(OLD) - later
     OR EXISTS (SELECT 1 FROM jsonb_each(to_jsonb(OLD)) AS o WHERE o.key = ANY (later) AND o.value <> 'null'
                AND o.value IS DISTINCT FROM to_jsonb(NEW) -> o.key) THEN
    RAISE EXCEPTION '已公布的版本不能改动' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER edition_append_only ON cases_edition;
DROP TRIGGER editionrow_append_only ON cases_editionrow;
CREATE TRIGGER edition_stands BEFORE UPDATE OR DELETE ON cases_edition
  FOR EACH ROW EXECUTE FUNCTION sifang_edition_stands();
CREATE TRIGGER editionrow_stands BEFORE UPDATE OR DELETE ON cases_editionrow
  FOR EACH ROW EXECUTE FUNCTION sifang_edition_stands();
CREATE POLICY completes ON cases_edition FOR UPDATE TO sifang_owner USING (true);
CREATE POLICY completes ON cases_editionrow FOR UPDATE TO sifang_owner USING (true);

-- E16: what burdens a person, needs reasons or opens a measure is never a row of the clock (个人信息保护法24条)
CREATE FUNCTION sifang_clock_decides_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.actor = '期限届满' AND (NEW.burden OR NEW.reasons OR EXISTS (
       SELECT 1 FROM cases_edition e WHERE e.id = NEW.edition_id
         AND (e.name = 'category' OR (e.name = 'positioning' AND NEW."to" <> 'expired')))) THEN
    RAISE EXCEPTION '对个人有重大影响的决定不能自动作出（个人信息保护法24条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'clock_decides_nothing';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clock_decides_nothing BEFORE INSERT ON cases_editionrow
  FOR EACH ROW EXECUTE FUNCTION sifang_clock_decides_nothing();
"""

FACTS = """
CREATE FUNCTION sifang_is_there(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT NOT (value IS NULL OR value IN ('null', 'false', '0', '""', '[]', '{}')) $$;
CREATE FUNCTION sifang_number(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value #>> '{}' ~ '^-?[0-9]+$' THEN (value #>> '{}')::integer ELSE 0 END $$;
CREATE FUNCTION sifang_legal_date(value jsonb) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN left(value #>> '{}', 10)::date END $$;
-- the first of these facts that is known
CREATE FUNCTION sifang_first_known(facts jsonb, names text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT facts -> n FROM unnest(string_to_array(names, '|')) WITH ORDINALITY AS u(n, i)
  WHERE sifang_is_there(facts -> n) ORDER BY i LIMIT 1 $$;

-- what the register says about a case, in the keys of the tables
CREATE FUNCTION sifang_case_facts(of_case cases_case, o people_order) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'type', o.type, 'woman', p.sex = 'f', 'minor', n.minor,
    'juvenile_sealable', n.minor AND sifang_number(o.term_facts -> 'sentence_months') <= 60,
    'medical', sifang_is_there(o.term_facts -> 'medical')
               OR (o.type = 'outside_prison' AND position('保外就医' IN o.document_no) > 0),
    'approved_by', CASE a.kind WHEN 'court' THEN 'court' WHEN 'police' THEN 'police' ELSE 'prison' END,
    'effective_on', o.effective_on, 'document_on', o.document_date, 'term_start', o.term_start,
    'term_end', o.term_end, 'received_on', o.received_on, 'papers_pending', o.papers_pending,
    'decided_elsewhere', left(a.area_code, 4) <> left(p.county_code, 4),
    'has_prohibition', o.prohibition <> '', 'prohibition_until', o.prohibition_until,
    'held', EXISTS (SELECT 1 FROM cases_proceeding h WHERE h.case_id = of_case.id AND h.procedure = 'held'
                    AND h.closed_at IS NULL AND h.facts -> 'held' = 'true'))
  FROM people_person p JOIN people_agency a ON a.id = o.decided_by_id,
       LATERAL (SELECT (p.birth_date + interval '18 years')::date > o.effective_on AS minor) AS n
  WHERE p.id = of_case.person_id $$;

-- what follows from other facts: "days:", "cap:", "months:", "later:" of the published table, in its order
CREATE FUNCTION sifang_derived(facts jsonb, sources jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE one jsonb; w text[]; a date; b date; found jsonb := facts;
BEGIN
  FOR one IN SELECT value FROM jsonb_array_elements(sources) LOOP
    w := string_to_array(one ->> 1, ':');
    CASE w[1]
    WHEN 'days' THEN
      a := sifang_legal_date(found -> w[2]); b := sifang_legal_date(found -> w[3]);
      IF a IS NOT NULL AND b IS NOT NULL THEN
        found := found || jsonb_build_object(one ->> 0, b - a + 1);
      END IF;
    WHEN 'cap' THEN
      a := sifang_legal_date(found -> w[2]);
      IF a IS NOT NULL AND sifang_is_there(found -> w[3]) THEN
        a := (a + make_interval(months => sifang_number(found -> w[3])))::date - 1;
        found := found || jsonb_build_object(one ->> 0, LEAST(a, sifang_legal_date(found -> w[4])));
      END IF;
    WHEN 'months' THEN
      a := sifang_legal_date(sifang_first_known(found, w[2]));
      IF a IS NOT NULL THEN
        b := (a + make_interval(months => w[3]::integer + sifang_number(found -> w[4])))::date;
        IF extract(month FROM a + 1) <> extract(month FROM a) THEN  -- from a month's end to a month's end
          b := (date_trunc('month', b) + interval '1 month')::date - 1;
        END IF;
        found := found || jsonb_build_object(one ->> 0, b);
      END IF;
    WHEN 'later' THEN
      a := sifang_legal_date(found -> w[2]); b := sifang_legal_date(sifang_first_known(found, w[3]));
      found := found || jsonb_build_object(one ->> 0, COALESCE(a > b, false));
    ELSE
    END CASE;
  END LOOP;
  RETURN found;
END $$;

-- what the record itself answers ("ask:NAME"); null: this function does not know the provider
CREATE FUNCTION sifang_asked(name text, key text, stated jsonb, claimed jsonb, run cases_proceeding,
                             of_case cases_case, on_day date) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE late integer; arrived date; proof cases_act; from_run cases_proceeding;
BEGIN
  CASE name
  WHEN 'leave_window' THEN
    IF sifang_legal_date(stated -> 'leaves_on') IS NULL OR sifang_legal_date(stated -> 'returns_on') IS NULL THEN
      RETURN to_jsonb(0);
    END IF;
    RETURN to_jsonb(sifang_leave_window(of_case.id, run.id, sifang_legal_date(stated -> 'leaves_on'),
                                        sifang_legal_date(stated -> 'returns_on')));
  WHEN 'delegated' THEN
    RETURN to_jsonb(EXISTS (
      SELECT 1 FROM people_delegation d JOIN people_person p ON p.id = of_case.person_id
      WHERE d.office_id = p.office_id AND d.agency_id = p.county_agency_id
        AND d.matter = substr(key, length('delegated_') + 1)
        AND d.valid_from <= on_day AND (d.valid_to IS NULL OR d.valid_to >= on_day)));
  WHEN 'woman_in_team' THEN
    RETURN to_jsonb(jsonb_path_exists(stated, '$.members[*] ? (@.sex == "f")'));
  WHEN 'versed_in_minors' THEN
    RETURN to_jsonb(jsonb_path_exists(stated, '$.members[*] ? (@.versed == true || @.versed == "yes"
                                              || @.versed == "on" || @.versed == "true")'));
  WHEN 'positioning_proof' THEN
    SELECT * INTO proof FROM cases_act WHERE id::text = stated ->> 'proof' AND case_id = of_case.id;
    SELECT * INTO from_run FROM cases_proceeding WHERE id = proof.proceeding_id;
    RETURN to_jsonb(COALESCE(sifang_is_there(stated -> 'ground')
      AND from_run.state IN ('established', 'registered') AND CASE proof.procedure
        WHEN 'prohibition' THEN stated ->> 'ground' = 'order_breach'
        WHEN 'stop_breach' THEN from_run.facts ->> 'kind' = stated ->> 'ground' END, false));
  WHEN 'late_days' THEN
    -- counted by the calendar, which the database does not have: at most a long holiday less than by days
    arrived := COALESCE(sifang_legal_date(stated -> 'arrived_on'), on_day);
    late := GREATEST(0, arrived - (sifang_legal_date(stated -> 'effective_on') + 10));
    IF sifang_number(claimed) BETWEEN GREATEST(0, late - 10) AND late THEN RETURN claimed; END IF;
    RETURN to_jsonb(late);
  WHEN 'late_over_month' THEN
    arrived := COALESCE(sifang_legal_date(stated -> 'arrived_on'), on_day);
    IF arrived <= (sifang_legal_date(stated -> 'effective_on') + 10 + interval '1 month')::date THEN
      RETURN to_jsonb(false);
    END IF;
    RETURN claimed;
  ELSE
    RETURN NULL;
  END CASE;
END $$;

-- The facts of an act, recomputed: register, proceeding, answers, other proceedings, record.
CREATE FUNCTION sifang_facts_are_known(a cases_act, run cases_proceeding, law cases_editionrow,
                                       ed cases_edition, of_case cases_case, o people_order) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  known jsonb; after jsonb; pre jsonb; one jsonb; w text[]; value jsonb; wrong text;
  free text[] := '{}';  -- keys of the register that this function does not know
  asks text[]; about jsonb;
BEGIN
  IF law.asks IS NULL OR law.sets IS NULL OR ed.sources IS NULL THEN
    PERFORM sifang_refuse('程序版本尚未完整公布', 'act_has_a_row');
  END IF;
  SELECT array_agg(k) INTO asks FROM cases_editionrow r, unnest(r.asks) AS k
    WHERE r.edition_id = ed.id AND r.name = law.name;
  SELECT string_agg(k, '、') INTO wrong FROM jsonb_object_keys(a.answers) AS k
    WHERE asks IS NULL OR NOT k = ANY (asks);
  IF wrong IS NOT NULL THEN
    PERFORM sifang_refuse('这一步没有询问：' || wrong, 'answers_to_what_is_asked');
  END IF;
  about := sifang_case_facts(of_case, o);
  known := about || run.facts;
  FOR one IN SELECT s FROM jsonb_array_elements(law.sets) AS s WHERE s ->> 0 = 'ground' AND s ->> 1 = 'is' LOOP
    IF NOT law.given @> jsonb_build_array(jsonb_build_array('ground')) THEN
      known := known || jsonb_build_object('ground', one -> 2);
    END IF;
  END LOOP;
  known := known || a.answers;
  FOR one IN SELECT s FROM jsonb_array_elements(ed.sources) AS s LOOP
    w := string_to_array(one ->> 1, ':');
    IF w[1] = 'of' THEN
      SELECT facts -> w[3] INTO value FROM cases_proceeding WHERE case_id = of_case.id AND procedure = w[2]
        ORDER BY started_at DESC, id DESC LIMIT 1;
      known := known || jsonb_build_object(one ->> 0, value);
    ELSIF w[1] = 'case' AND NOT about ? (one ->> 0) THEN
      free := free || (one ->> 0);
    END IF;
  END LOOP;
  known := sifang_derived(known, ed.sources);
  FOR one IN SELECT s FROM jsonb_array_elements(ed.sources) AS s LOOP
    w := string_to_array(one ->> 1, ':');
    IF w[1] = 'ask' THEN
      value := sifang_asked(w[2], one ->> 0, known, a.facts -> (one ->> 0), run, of_case, a.day);
      known := known || jsonb_build_object(one ->> 0, COALESCE(value, a.facts -> (one ->> 0)));
    END IF;
  END LOOP;
  SELECT string_agg(k, '、') INTO wrong FROM (
      SELECT jsonb_object_keys(known) AS k
      UNION SELECT part ->> 0 FROM jsonb_array_elements(law.given) AS part
      UNION SELECT s ->> 2 FROM jsonb_array_elements(law.sets) AS s WHERE s ->> 1 = 'copy') AS named
    WHERE NOT k = ANY (free) AND COALESCE(known -> k, 'null') <> COALESCE(a.facts -> k, 'null');
  IF wrong IS NOT NULL THEN
    PERFORM sifang_refuse('所依据的事实与登记和记录不符：' || wrong, 'act_on_known_facts');
  END IF;
  -- and what they become
  after := run.facts || a.answers;
  FOR one IN SELECT s FROM jsonb_array_elements(ed.sources) AS s LOOP
    IF split_part(one ->> 1, ':', 1) IN ('days', 'cap', 'months', 'ask') AND a.facts ? (one ->> 0) THEN
      after := after || jsonb_build_object(one ->> 0, a.facts -> (one ->> 0));
    END IF;
  END LOOP;
  pre := a.facts || after;
  FOR one IN SELECT s FROM jsonb_array_elements(law.sets) AS s LOOP
    after := after || jsonb_build_object(one ->> 0, CASE one ->> 1
      WHEN 'is' THEN one -> 2
      WHEN 'day' THEN to_jsonb(a.day)
      WHEN 'now' THEN CASE WHEN (a.after ->> (one ->> 0))::timestamptz = a.at THEN a.after -> (one ->> 0) END
      WHEN 'plus' THEN to_jsonb(sifang_number(pre -> (one ->> 0)) + sifang_number(one -> 2))
      ELSE COALESCE(pre -> (one ->> 2), 'null') END);
  END LOOP;
  SELECT jsonb_agg(s) INTO value FROM jsonb_array_elements(ed.sources) AS s WHERE s ->> 1 <> 'case';
  after := sifang_derived(after, COALESCE(value, '[]'));
  IF after IS DISTINCT FROM a.after THEN
    SELECT string_agg(k, '、') INTO wrong FROM (
        SELECT jsonb_object_keys(after) AS k UNION SELECT jsonb_object_keys(a.after)) AS named
      WHERE (after -> k) IS DISTINCT FROM (a.after -> k);
    PERFORM sifang_refuse('行为以后的事实与规定不符：' || wrong, 'act_leaves_what_it_sets');
  END IF;
END $$;

CREATE FUNCTION sifang_act_is_grounded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  run cases_proceeding; law cases_editionrow; ed cases_edition; c cases_case; o people_order;
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  SELECT * INTO run FROM cases_proceeding WHERE id = NEW.proceeding_id;
  SELECT * INTO c FROM cases_case WHERE id = NEW.case_id;
  SELECT * INTO o FROM people_order WHERE id = c.order_id;
  SELECT * INTO ed FROM cases_edition WHERE name = NEW.procedure AND edition = NEW.edition;
  SELECT * INTO law FROM cases_editionrow WHERE edition_id = ed.id AND number = NEW.row;
  IF NEW.article <> law.article OR NEW.calendar_digest = '' THEN  -- E23
    PERFORM sifang_refuse('决定须载明所依据的条文、版本和节假日表', 'act_names_its_law');
  END IF;
  IF o.received_on IS NULL AND NOT NEW.procedure = ANY ('{handover,intake,held,ending,minor}') THEN  -- E1
    PERFORM sifang_refuse('决定尚未接收登记，不得监督管理（社区矫正法22条）', 'act_after_reception');
  END IF;
  IF law.burden AND EXISTS (SELECT 1 FROM cases_proceeding e WHERE e.case_id = c.id AND e.procedure = 'ending'
                            AND sifang_is_there(e.facts -> 'ended_on')) THEN  -- E2
    PERFORM sifang_refuse('矫正期已满，不得再作此决定（社区矫正法44条）', 'act_within_the_term');
  END IF;
  PERFORM sifang_facts_are_known(NEW, run, law, ed, c, o);
  RETURN NEW;
END $$;
-- after act_is_lawful, in the order of names: first whose power, then on what facts
CREATE TRIGGER act_on_known_facts BEFORE INSERT ON cases_act
  FOR EACH ROW EXECUTE FUNCTION sifang_act_is_grounded();
"""

BACK = "SELECT 1"  # the tables go with migration 0005


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_owner_may_change"), ("people", "0013_sealed_minors")]

    operations = [
        migrations.AddField("edition", "sources", models.JSONField(null=True, verbose_name="事实的来源")),
        migrations.AddField("edition", "many", models.BooleanField(null=True)),
        migrations.AddField("edition", "outlives", models.BooleanField(null=True)),
        migrations.AddField(
            "editionrow",
            "asks",
            django.contrib.postgres.fields.ArrayField(models.CharField(max_length=40), null=True, size=None),
        ),
        migrations.AddField("editionrow", "sets", models.JSONField(null=True)),
        migrations.AddField(
            "editionrow",
            "opens",
            django.contrib.postgres.fields.ArrayField(models.CharField(max_length=20), null=True, size=None),
        ),
        *(migrations.RunSQL(part, BACK) for part in (PUBLISHED, FACTS)),
    ]
