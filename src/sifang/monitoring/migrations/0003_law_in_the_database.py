"""What the database itself refuses, whoever asks: PROCEDURES E2, E3, E8 and DESIGN §§ 3, 4, 9.

Refusals are check violations (SQLSTATE 23514) with the article in the message; a journal block that was
built on another version of the measures is refused with SQLSTATE SF001.
"""

from django.db import migrations

OVERLAPS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- 社区矫正法29条: one measure of a person at a time
ALTER TABLE monitoring_measure ADD CONSTRAINT measure_no_overlap EXCLUDE USING gist (
    person_id WITH =,
    tstzrange(approved_at, LEAST(ends_at, COALESCE(ended_at, ends_at))) WITH &&);

-- 社区矫正法29条2款: at most three months, calendar months in Shanghai from the approval (our reading,
-- P-EP-5); at a month's end the shorter date holds, never rolled over a holiday
ALTER TABLE monitoring_measure ADD CONSTRAINT measure_three_months CHECK (
    ends_at <= timezone('Asia/Shanghai', timezone('Asia/Shanghai', approved_at) + interval '3 months'));

ALTER TABLE monitoring_binding ADD CONSTRAINT device_bound_once EXCLUDE USING gist (
    device_id WITH =, tstzrange(bound_at, unbound_at) WITH &&);
ALTER TABLE monitoring_binding ADD CONSTRAINT measure_one_device EXCLUDE USING gist (
    measure_id WITH =, tstzrange(bound_at, unbound_at) WITH &&);
"""

OVERLAPS_BACK = """
ALTER TABLE monitoring_measure DROP CONSTRAINT measure_no_overlap, DROP CONSTRAINT measure_three_months;
ALTER TABLE monitoring_binding DROP CONSTRAINT device_bound_once, DROP CONSTRAINT measure_one_device;
"""

MEASURES = """
CREATE FUNCTION monitoring_refuse(reason text, article text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%（%）', reason, article USING ERRCODE = 'check_violation';
END $$;

-- first instant after the term of an order (the last day is included, Shanghai)
CREATE FUNCTION monitoring_term_end(term_end date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timezone('Asia/Shanghai', (term_end + 1)::timestamp) $$;

CREATE FUNCTION monitoring_measure_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o people_order; pr monitoring_proof; old_one monitoring_measure; county text;
BEGIN
    SELECT * INTO o FROM people_order WHERE id = NEW.order_id;
    IF NOT FOUND OR o.person_id <> NEW.person_id THEN
        PERFORM monitoring_refuse('没有本人的决定文书，不得使用电子定位装置', '社区矫正法29条');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.number, OLD.person_id, OLD.order_id, OLD.ground, OLD.proof_id, OLD.approver_id,
            OLD.reasons, OLD.assessment, OLD.approved_at) IS DISTINCT FROM
           (NEW.number, NEW.person_id, NEW.order_id, NEW.ground, NEW.proof_id, NEW.approver_id,
            NEW.reasons, NEW.assessment, NEW.approved_at)
           OR OLD.extends_id IS DISTINCT FROM NEW.extends_id THEN
            PERFORM monitoring_refuse('已批准的电子定位措施不得改动', '社区矫正法29条');
        END IF;
        IF NEW.ends_at > OLD.ends_at OR (OLD.ended_at IS NOT NULL
           AND (NEW.ended_at IS NULL OR NEW.ended_at > OLD.ended_at)) THEN
            PERFORM monitoring_refuse('延长须重新评估、重新批准', '社区矫正法29条');
        END IF;
        IF OLD.told_at IS NOT NULL AND NEW.told_at IS DISTINCT FROM OLD.told_at THEN
            PERFORM monitoring_refuse('告知时间不得改动', '办法37条');
        END IF;
        RETURN NEW;
    END IF;
    SELECT county_code INTO county FROM people_person WHERE id = NEW.person_id;
    SELECT * INTO pr FROM monitoring_proof WHERE id = NEW.proof_id;
    IF pr.id IS NULL OR pr.person_id <> NEW.person_id OR pr.ground <> NEW.ground THEN
        PERFORM monitoring_refuse('法定情形须有本人同一情形的证明记录', '社区矫正法29条');
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM people_officer f JOIN people_agency a ON a.id = f.agency_id
        JOIN people_rolegrant g ON g.officer_id = f.id
        WHERE f.id = NEW.approver_id AND f.is_active AND a.kind = 'justice_bureau' AND a.level = 'county'
          AND a.area_code = county AND g.role = 'justice_head'
          AND g.valid_from <= NEW.approved_at AND (g.valid_to IS NULL OR g.valid_to > NEW.approved_at)) THEN
        PERFORM monitoring_refuse('使用电子定位装置须经本县司法行政部门负责人批准', '社区矫正法29条');
    END IF;
    IF o.ended_at IS NOT NULL AND NEW.ends_at > o.ended_at
       OR NEW.ends_at > monitoring_term_end(o.term_end) THEN
        PERFORM monitoring_refuse('电子定位措施不得超过矫正期限', '社区矫正法44条');
    END IF;
    IF legal_day_of(NEW.approved_at) < o.term_start THEN
        PERFORM monitoring_refuse('矫正期限尚未开始', '社区矫正法29条');
    END IF;
    IF NEW.ground = 1 AND (o.type NOT IN ('control', 'probation') OR o.prohibition = '') THEN
        PERFORM monitoring_refuse('没有人民法院禁止令，不适用第一项情形', '社区矫正法29条');
    END IF;
    IF NEW.ground = 4 AND o.type = 'parole' THEN
        PERFORM monitoring_refuse('假释依法不在治安管理处罚之列，默认不适用第四项情形', '治安管理处罚法72条');
    END IF;
    IF NEW.ground = 5 AND o.type = 'control' THEN
        PERFORM monitoring_refuse('管制不能撤销或者收监执行，不适用第五项情形', '社区矫正法29条');
    END IF;
    IF NEW.extends_id IS NOT NULL THEN
        SELECT * INTO old_one FROM monitoring_measure WHERE id = NEW.extends_id;
        IF old_one.id IS NULL OR old_one.person_id <> NEW.person_id OR old_one.order_id <> NEW.order_id THEN
            PERFORM monitoring_refuse('只能延长本人同一决定下的措施', '社区矫正法29条');
        END IF;
        IF NEW.approved_at < LEAST(old_one.ends_at, COALESCE(old_one.ended_at, old_one.ends_at)) THEN
            PERFORM monitoring_refuse('期限届满后经评估仍有必要的，方可延长', '社区矫正法29条');
        END IF;
        IF btrim(NEW.assessment) = '' THEN
            PERFORM monitoring_refuse('延长须先评估', '社区矫正法29条');
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION legal_day_of(t timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT timezone('Asia/Shanghai', t)::date $$;

CREATE TRIGGER measure_check BEFORE INSERT OR UPDATE ON monitoring_measure
    FOR EACH ROW EXECUTE FUNCTION monitoring_measure_check();

-- E2: when an order ends early or its term is shortened, its measures end with it, in the same transaction
CREATE FUNCTION monitoring_order_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last timestamptz := LEAST(COALESCE(NEW.ended_at, 'infinity'), monitoring_term_end(NEW.term_end));
BEGIN
    UPDATE monitoring_measure SET ended_at = GREATEST(last, approved_at), end_reason = '矫正期限终止'
     WHERE order_id = NEW.id AND LEAST(ends_at, COALESCE(ended_at, ends_at)) > last;
    UPDATE monitoring_clause SET valid_to = GREATEST(last, valid_from)
     WHERE order_id = NEW.id AND COALESCE(valid_to, 'infinity') > last;
    RETURN NULL;
END $$;
CREATE TRIGGER order_ends AFTER UPDATE OF ended_at, term_end ON people_order
    FOR EACH ROW EXECUTE FUNCTION monitoring_order_ends();
"""

MEASURES_BACK = """
DROP TRIGGER order_ends ON people_order;
DROP FUNCTION monitoring_order_ends();
DROP TRIGGER measure_check ON monitoring_measure;
DROP FUNCTION monitoring_measure_check();
DROP FUNCTION legal_day_of(timestamptz);
DROP FUNCTION monitoring_term_end(date);
DROP FUNCTION monitoring_refuse(text, text);
"""

DEVICES = """
CREATE FUNCTION monitoring_binding_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m monitoring_measure; d monitoring_device; k monitoring_devicemodel;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.device_id, OLD.measure_id, OLD.bound_at, OLD.bound_by_id) IS DISTINCT FROM
           (NEW.device_id, NEW.measure_id, NEW.bound_at, NEW.bound_by_id)
           OR OLD.unbound_at IS NOT NULL AND NEW.unbound_at IS DISTINCT FROM OLD.unbound_at THEN
            PERFORM monitoring_refuse('佩戴记录不得改动', '社区矫正法29条');
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO d FROM monitoring_device WHERE id = NEW.device_id;
    SELECT * INTO k FROM monitoring_devicemodel WHERE id = d.model_id;
    IF k.kind NOT IN ('wristband', 'anklet') OR k.kind IS NULL THEN
        PERFORM monitoring_refuse('移动电话不得作为电子定位装置', '办法37条');
    END IF;
    IF k.test_report_no = '' OR k.tested_on IS NULL THEN
        PERFORM monitoring_refuse('装置型号没有检测报告，不得使用', '办法37条');
    END IF;
    IF d.retired_at IS NOT NULL THEN
        PERFORM monitoring_refuse('装置已停用', '办法37条');
    END IF;
    SELECT * INTO m FROM monitoring_measure WHERE id = NEW.measure_id;
    IF m.id IS NULL OR NEW.bound_at < m.approved_at
       OR NEW.bound_at >= LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) THEN
        PERFORM monitoring_refuse('没有生效中的电子定位措施', '社区矫正法29条');
    END IF;
    IF m.told_at IS NULL OR NEW.bound_at < m.told_at THEN
        PERFORM monitoring_refuse('尚未书面告知本人，不得佩戴', '办法37条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER binding_check BEFORE INSERT OR UPDATE ON monitoring_binding
    FOR EACH ROW EXECUTE FUNCTION monitoring_binding_check();

-- a model in use may not turn into a phone, nor a device into another model
CREATE FUNCTION monitoring_model_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.maker, OLD.model, OLD.kind) IS DISTINCT FROM (NEW.maker, NEW.model, NEW.kind)
       OR OLD.test_report_no <> '' AND NEW.test_report_no = ''
       OR OLD.tested_on IS NOT NULL AND NEW.tested_on IS NULL THEN
        PERFORM monitoring_refuse('型号的厂商、类别和检测报告不得改动', '办法37条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER model_check BEFORE UPDATE ON monitoring_devicemodel
    FOR EACH ROW EXECUTE FUNCTION monitoring_model_check();
CREATE FUNCTION monitoring_device_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.model_id, OLD.terminal_id) IS DISTINCT FROM (NEW.model_id, NEW.terminal_id) THEN
        PERFORM monitoring_refuse('装置的型号和终端号不得改动', '办法37条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER device_check BEFORE UPDATE ON monitoring_device
    FOR EACH ROW EXECUTE FUNCTION monitoring_device_check();
"""

DEVICES_BACK = """
DROP TRIGGER binding_check ON monitoring_binding;
DROP TRIGGER model_check ON monitoring_devicemodel;
DROP TRIGGER device_check ON monitoring_device;
DROP FUNCTION monitoring_binding_check();
DROP FUNCTION monitoring_model_check();
DROP FUNCTION monitoring_device_check();
"""

FENCES = """
CREATE FUNCTION monitoring_clause_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o people_order;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - 'valid_to' - 'made_known_at' IS DISTINCT FROM
           to_jsonb(NEW) - 'valid_to' - 'made_known_at' THEN
            PERFORM monitoring_refuse('限制条款不得改动', '社区矫正法34条');
        END IF;
        IF COALESCE(NEW.valid_to, 'infinity') > COALESCE(OLD.valid_to, 'infinity') THEN
            PERFORM monitoring_refuse('限制条款不得延长', '社区矫正法34条');
        END IF;
        IF OLD.made_known_at IS NOT NULL AND NEW.made_known_at IS DISTINCT FROM OLD.made_known_at THEN
            PERFORM monitoring_refuse('告知时间不得改动', '办法37条');
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO o FROM people_order WHERE id = NEW.order_id;
    IF o.id IS NULL OR o.person_id <> NEW.person_id THEN
        PERFORM monitoring_refuse('限制条款须出自本人的决定文书', '社区矫正法34条');
    END IF;
    IF NEW.kind IN ('prohibited_place', 'timetable')
       AND (o.type NOT IN ('control', 'probation') OR o.prohibition = '') THEN
        PERFORM monitoring_refuse('没有人民法院禁止令，不得禁止进入或者限定时间', '刑法38条、72条');
    END IF;
    IF NEW.kind IN ('prohibited_place', 'timetable') AND o.prohibition_until IS NOT NULL AND
       COALESCE(NEW.valid_to, 'infinity') > monitoring_term_end(o.prohibition_until) THEN
        PERFORM monitoring_refuse('不得超过禁止令期限', '刑法38条、72条');
    END IF;
    IF COALESCE(NEW.valid_to, 'infinity') > monitoring_term_end(o.term_end) THEN
        PERFORM monitoring_refuse('限制条款不得超过矫正期限', '社区矫正法44条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER clause_check BEFORE INSERT OR UPDATE ON monitoring_clause
    FOR EACH ROW EXECUTE FUNCTION monitoring_clause_check();

CREATE FUNCTION monitoring_fence_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c monitoring_clause; m monitoring_measure;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - 'closed_at' - 'line_id' - 'source' - 'source_date' - 'boundary_m' IS DISTINCT FROM
           to_jsonb(NEW) - 'closed_at' - 'line_id' - 'source' - 'source_date' - 'boundary_m'
           OR OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at THEN
            PERFORM monitoring_refuse('电子围栏不得改动', '社区矫正法29条');
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO c FROM monitoring_clause WHERE id = NEW.clause_id;
    SELECT * INTO m FROM monitoring_measure WHERE id = NEW.measure_id;
    IF c.id IS NULL OR m.id IS NULL OR c.person_id <> m.person_id OR c.order_id <> m.order_id THEN
        PERFORM monitoring_refuse('电子围栏须出自本人同一决定的条款和措施', '社区矫正法29条');
    END IF;
    IF NEW.keeps <> (CASE WHEN c.kind IN ('boundary', 'timetable') THEN 'inside' ELSE 'outside' END) THEN
        PERFORM monitoring_refuse('电子围栏的内外与条款不符', '社区矫正法29条');
    END IF;
    IF NEW.alarm <> (c.kind <> 'station') THEN
        PERFORM monitoring_refuse('车站、机场提醒不报警，其余条款须报警', '社区矫正法29条');
    END IF;
    IF c.kind = 'boundary' AND (NEW.line_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM monitoring_boundaryline l WHERE l.id = NEW.line_id AND l.area_code = c.area_code)) THEN
        PERFORM monitoring_refuse('边界围栏须用该市、县的界线', '社区矫正法27条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fence_check BEFORE INSERT OR UPDATE ON monitoring_fence
    FOR EACH ROW EXECUTE FUNCTION monitoring_fence_check();

CREATE FUNCTION monitoring_line_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - 'replaced_at' IS DISTINCT FROM to_jsonb(NEW) - 'replaced_at' THEN
        PERFORM monitoring_refuse('界线只能用新的界线替换', '社区矫正法27条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER line_check BEFORE UPDATE ON monitoring_boundaryline
    FOR EACH ROW EXECUTE FUNCTION monitoring_line_check();
"""

FENCES_BACK = """
DROP TRIGGER clause_check ON monitoring_clause;
DROP TRIGGER fence_check ON monitoring_fence;
DROP TRIGGER line_check ON monitoring_boundaryline;
DROP FUNCTION monitoring_clause_check();
DROP FUNCTION monitoring_fence_check();
DROP FUNCTION monitoring_line_check();
"""

ALARMS = """
CREATE FUNCTION monitoring_alarm_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m monitoring_measure; f monitoring_fence; c monitoring_clause;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.number, OLD.kind, OLD.person_id, OLD.measure_id, OLD.case_id, OLD.episode, OLD.began_at,
            OLD.raised_at, OLD.evidence, OLD.facts) IS DISTINCT FROM
           (NEW.number, NEW.kind, NEW.person_id, NEW.measure_id, NEW.case_id, NEW.episode, NEW.began_at,
            NEW.raised_at, NEW.evidence, NEW.facts)
           OR OLD.fence_id IS DISTINCT FROM NEW.fence_id OR OLD.clause_id IS DISTINCT FROM NEW.clause_id
           OR OLD.state = 'closed' AND (NEW.state, NEW.cause, NEW.outcome) IS DISTINCT FROM
                                       (OLD.state, OLD.cause, OLD.outcome) THEN
            PERFORM monitoring_refuse('报警的事实不得改动', '社区矫正法29条');
        END IF;
        IF array_position(ARRAY['open', 'taken', 'handled', 'closed'], NEW.state::text) <
           array_position(ARRAY['open', 'taken', 'handled', 'closed'], OLD.state::text) THEN
            PERFORM monitoring_refuse('报警的处置不得退回', '社区矫正法29条');
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO m FROM monitoring_measure WHERE id = NEW.measure_id;
    IF m.id IS NULL OR m.person_id <> NEW.person_id OR m.told_at IS NULL OR NEW.began_at < m.told_at THEN
        PERFORM monitoring_refuse('措施未经告知，不得报警', '办法37条');
    END IF;
    IF NEW.fence_id IS NOT NULL THEN
        SELECT * INTO f FROM monitoring_fence WHERE id = NEW.fence_id;
        SELECT * INTO c FROM monitoring_clause WHERE id = f.clause_id;
        IF f.id IS NULL OR f.measure_id <> NEW.measure_id OR NOT f.alarm THEN
            PERFORM monitoring_refuse('该围栏不报警', '社区矫正法29条');
        END IF;
        IF c.made_known_at IS NULL OR NEW.began_at < c.made_known_at THEN
            PERFORM monitoring_refuse('限制条款未经告知本人，不得报警', '办法37条');
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alarm_check BEFORE INSERT OR UPDATE ON monitoring_alarm
    FOR EACH ROW EXECUTE FUNCTION monitoring_alarm_check();

-- acts are appended, never changed; what was decided or recorded is never deleted
CREATE FUNCTION monitoring_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM monitoring_refuse(TG_TABLE_NAME || ' 只增不改', '社区矫正法29条');
    RETURN NULL;
END $$;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['alarmact', 'signal', 'proof', 'clauseexception', 'journalblock'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION monitoring_append_only()',
                       t || '_keep', 'monitoring_' || t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['alarmact', 'signal', 'proof', 'clauseexception', 'alarm', 'measure', 'clause',
                             'fence', 'binding', 'boundaryline', 'device', 'devicemodel'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION monitoring_append_only()',
                       t || '_stays', 'monitoring_' || t);
    END LOOP;
END $$;
"""

ALARMS_BACK = """
DROP TRIGGER alarm_check ON monitoring_alarm;
DROP FUNCTION monitoring_alarm_check();
DROP FUNCTION monitoring_append_only() CASCADE;
"""

VERSION = """
INSERT INTO monitoring_measuresversion (id, version) VALUES (1, 1) ON CONFLICT DO NOTHING;

-- every change of what may be collected raises the version in its own transaction and tells the watch
CREATE FUNCTION monitoring_raise_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE v bigint;
BEGIN
    UPDATE monitoring_measuresversion SET version = version + 1 WHERE id = 1 RETURNING version INTO v;
    PERFORM pg_notify('sifang_measures', v::text);
    RETURN NULL;
END $$;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['measure', 'binding', 'clause', 'clauseexception', 'fence', 'device',
                             'devicemodel', 'boundaryline'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION monitoring_raise_version()',
                       t || '_raises_version', 'monitoring_' || t);
    END LOOP;
END $$;

CREATE FUNCTION monitoring_version_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN  -- only the triggers above may raise it
        PERFORM monitoring_refuse('版本号只随措施变更而增加', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_check BEFORE INSERT OR UPDATE OR DELETE ON monitoring_measuresversion
    FOR EACH ROW EXECUTE FUNCTION monitoring_version_check();

-- storage refuses the unlawful: a block built on another version of the measures is not stored
CREATE FUNCTION monitoring_journal_check() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE v bigint;
BEGIN
    SELECT version INTO v FROM monitoring_measuresversion WHERE id = 1 FOR SHARE;
    IF NEW.measures_version IS DISTINCT FROM v THEN
        RAISE EXCEPTION '电子定位措施已变更：日志块依据第 % 版，现为第 % 版', NEW.measures_version, v
            USING ERRCODE = 'SF001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_check BEFORE INSERT ON monitoring_journalblock
    FOR EACH ROW EXECUTE FUNCTION monitoring_journal_check();
"""

VERSION_BACK = """
DROP FUNCTION monitoring_version_check() CASCADE;
DROP TRIGGER journal_check ON monitoring_journalblock;
DROP FUNCTION monitoring_journal_check();
DROP FUNCTION monitoring_raise_version() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0002_limits")]

    operations = [
        migrations.RunSQL(OVERLAPS, OVERLAPS_BACK),
        migrations.RunSQL(MEASURES, MEASURES_BACK),
        migrations.RunSQL(DEVICES, DEVICES_BACK),
        migrations.RunSQL(FENCES, FENCES_BACK),
        migrations.RunSQL(ALARMS, ALARMS_BACK),
        migrations.RunSQL(VERSION, VERSION_BACK),
    ]
