"""What raw SQL could still do in an officer's context, and now cannot (E2, E3, E16, P-EP-9).

A measure approved ahead of time or by one who is no longer the head; a notice before the approval; a
fence drawn elsewhere than its clause says; an alarm outside the term of measure, clause or fence; an alarm
taken in another's name, or answered without the act that answers it; an order that ends while its measure
goes on because the writer may not write measures.
"""

from django.db import migrations

FORWARD = """
-- doctor's limit for two clocks is 5 s; this leaves room and no use
CREATE FUNCTION monitoring_ahead(t timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT COALESCE(t > clock_timestamp() + interval '10 seconds', false) $$;

CREATE FUNCTION monitoring_measure_moments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF monitoring_ahead(NEW.approved_at) OR monitoring_ahead(NEW.told_at) THEN
        PERFORM monitoring_refuse('批准和告知不能是将来的时间', '社区矫正法29条');
    END IF;
    IF NEW.told_at < NEW.approved_at THEN
        PERFORM monitoring_refuse('告知不得早于批准', '办法37条');
    END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM people_rolegrant g WHERE g.officer_id = NEW.approver_id AND g.role = 'justice_head'
          AND g.valid_from <= statement_timestamp()
          AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())) THEN
        PERFORM monitoring_refuse('使用电子定位装置须经现任司法行政部门负责人批准', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER measure_moments BEFORE INSERT OR UPDATE ON monitoring_measure
    FOR EACH ROW EXECUTE FUNCTION monitoring_measure_moments();

CREATE OR REPLACE FUNCTION monitoring_order_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last timestamptz := LEAST(COALESCE(NEW.ended_at, 'infinity'), monitoring_term_end(NEW.term_end));
BEGIN
    UPDATE monitoring_measure SET ended_at = GREATEST(last, approved_at), end_reason = '矫正期限终止'
     WHERE order_id = NEW.id AND LEAST(ends_at, COALESCE(ended_at, ends_at)) > last;
    UPDATE monitoring_clause SET valid_to = GREATEST(last, valid_from)
     WHERE order_id = NEW.id AND COALESCE(valid_to, 'infinity') > last;
    IF EXISTS (SELECT 1 FROM monitoring_measure WHERE order_id = NEW.id
               AND LEAST(ends_at, COALESCE(ended_at, ends_at)) > GREATEST(last, approved_at)) THEN
        PERFORM monitoring_refuse('决定终止，其电子定位措施须同时终止', '社区矫正法44条');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION monitoring_fence_as_clause() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c monitoring_clause;
BEGIN
    SELECT * INTO c FROM monitoring_clause WHERE id = NEW.clause_id;
    IF c.kind <> 'boundary' AND (NEW.geometry, NEW.timetable, NEW.source, NEW.source_date, NEW.boundary_m)
       IS DISTINCT FROM (c.place, c.timetable, c.place_source, c.place_source_date, c.place_boundary_m) THEN
        PERFORM monitoring_refuse('电子围栏须与条款所写的地点、时间和来源一致', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fence_as_clause BEFORE INSERT ON monitoring_fence
    FOR EACH ROW EXECUTE FUNCTION monitoring_fence_as_clause();

CREATE FUNCTION monitoring_alarm_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m monitoring_measure; f monitoring_fence; c monitoring_clause;
BEGIN
    SELECT * INTO m FROM monitoring_measure WHERE id = NEW.measure_id;
    IF NEW.began_at < m.approved_at OR NEW.began_at >= LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) THEN
        PERFORM monitoring_refuse('措施不在期限内，不得报警', '社区矫正法29条');
    END IF;
    IF NEW.fence_id IS NOT NULL THEN
        SELECT * INTO f FROM monitoring_fence WHERE id = NEW.fence_id;
        SELECT * INTO c FROM monitoring_clause WHERE id = f.clause_id;
        IF NEW.began_at >= LEAST(COALESCE(f.closed_at, 'infinity'), COALESCE(c.valid_to, 'infinity')) THEN
            PERFORM monitoring_refuse('限制条款或者围栏已经终止，不得报警', '社区矫正法29条');
        END IF;
        IF NEW.clause_id IS DISTINCT FROM f.clause_id THEN
            PERFORM monitoring_refuse('报警的条款须是围栏的条款', '社区矫正法29条');
        END IF;
    END IF;
    IF NEW.state <> 'open' OR NEW.taken_by_id IS NOT NULL THEN
        PERFORM monitoring_refuse('报警先是一个问题', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alarm_in_force BEFORE INSERT ON monitoring_alarm
    FOR EACH ROW EXECUTE FUNCTION monitoring_alarm_in_force();

-- an officer answers in the own name, and each step leaves its act; a closed alarm stays as it is
CREATE FUNCTION monitoring_alarm_answered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE verb_of text := CASE NEW.state WHEN 'taken' THEN 'take' WHEN 'handled' THEN 'handle'
                                       WHEN 'closed' THEN 'close' END;
BEGIN
    IF OLD.state = 'closed' AND
       to_jsonb(OLD) - 'ended_at' IS DISTINCT FROM to_jsonb(NEW) - 'ended_at' THEN
        PERFORM monitoring_refuse('已关闭的报警不得改动', '社区矫正法29条');
    END IF;
    IF sifang_officer() IS NULL THEN
        IF NEW.taken_by_id IS DISTINCT FROM OLD.taken_by_id THEN
            PERFORM monitoring_refuse('只能以本人名义办理', '社区矫正法29条');
        END IF;
        RETURN NEW;  -- a technical incident closes its alarms by itself
    END IF;
    IF NEW.taken_by_id IS DISTINCT FROM OLD.taken_by_id AND NEW.taken_by_id IS DISTINCT FROM sifang_officer()
       AND NOT sifang_system('migration') THEN
        PERFORM monitoring_refuse('只能以本人名义办理', '社区矫正法29条');
    END IF;
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
        SELECT 1 FROM monitoring_alarmact a
        WHERE a.alarm_id = NEW.id AND a.verb = verb_of AND a.officer_id = sifang_officer()) THEN
        PERFORM monitoring_refuse('报警的处置须留下办理记录', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alarm_answered BEFORE UPDATE ON monitoring_alarm
    FOR EACH ROW EXECUTE FUNCTION monitoring_alarm_answered();
"""

BACK = """
DROP TRIGGER alarm_answered ON monitoring_alarm;
DROP TRIGGER alarm_in_force ON monitoring_alarm;
DROP TRIGGER fence_as_clause ON monitoring_fence;
DROP TRIGGER measure_moments ON monitoring_measure;
DROP FUNCTION monitoring_alarm_answered();
DROP FUNCTION monitoring_alarm_in_force();
DROP FUNCTION monitoring_fence_as_clause();
DROP FUNCTION monitoring_measure_moments();
DROP FUNCTION monitoring_ahead(timestamptz);
"""


class Migration(migrations.Migration):

    dependencies = [
        ("monitoring", "0008_in_ones_own_name"),
        ("people", "0006_orders_stand"),
        ("cases", "0003_who_fulfils"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACK)]
