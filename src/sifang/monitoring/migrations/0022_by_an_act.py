"""No measure and no exception without the act that granted it, whoever writes (E3, E5, E6).

A measure stands on 批准 or 延长 by the head, in the case of its order, on an established record; it ends not
later than that act said. A leave opens a fence only as far as its act goes, and closes by an act alone.
A migration (seeding a demonstration) may write without.
"""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION monitoring_measure_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a cases_act; pr monitoring_proof; run cases_proceeding;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.act_id IS DISTINCT FROM NEW.act_id THEN
            PERFORM monitoring_refuse('已批准的电子定位措施不得改动', '社区矫正法29条');
        END IF;
        RETURN NEW;
    END IF;
    IF sifang_system('migration') THEN RETURN NEW; END IF;
    SELECT x.* INTO a FROM cases_act x JOIN cases_case c ON c.id = x.case_id
     WHERE x.id = NEW.act_id AND c.order_id = NEW.order_id AND x.procedure = 'positioning'
       AND x.step = CASE WHEN NEW.extends_id IS NULL THEN 'approve' ELSE 'extend' END
       AND x.actor = '县级司法行政部门负责人' AND x.officer_id = NEW.approver_id AND x.at = NEW.approved_at;
    IF a.id IS NULL THEN
        PERFORM monitoring_refuse('没有负责人批准使用的决定记录', '社区矫正法29条');
    END IF;
    IF (a.facts ->> 'months')::int < 3 AND NEW.ends_at > timezone('Asia/Shanghai', timezone('Asia/Shanghai', a.at)
                              + make_interval(months => (a.facts ->> 'months')::int)) THEN
        PERFORM monitoring_refuse('使用期限不得超过批准的期限', '社区矫正法29条');
    END IF;
    SELECT * INTO pr FROM monitoring_proof WHERE id = NEW.proof_id;
    SELECT p.* INTO run FROM cases_proceeding p JOIN cases_act r ON r.proceeding_id = p.id
     WHERE r.id = (a.facts ->> 'proof')::uuid AND p.case_id = a.case_id AND p.id = pr.record_id
       AND (p.procedure, p.state) IN (('stop_breach', 'established'), ('stop_breach', 'registered'),
                                      ('prohibition', 'established'));
    IF run.id IS NULL OR NEW.ground <> COALESCE(array_position(
        ARRAY['order_breach', 'absence', 'report_refusal', 'penalty', 'intended'],
        CASE run.procedure WHEN 'prohibition' THEN 'order_breach' ELSE run.facts ->> 'kind' END), 0) THEN
        PERFORM monitoring_refuse('法定情形须有本案查实或者登记的记录', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stands_on_an_act BEFORE INSERT OR UPDATE ON monitoring_measure
    FOR EACH ROW EXECUTE FUNCTION monitoring_measure_stands();

-- first and last instant (exclusive) that an act of leave, frequent activity or entry grants
CREATE FUNCTION monitoring_granted(a cases_act) RETURNS tstzrange LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN a.step <> 'approve' THEN NULL
      WHEN a.procedure = 'leave' THEN tstzrange(
        timezone('Asia/Shanghai', (a.after ->> 'leaves_on')::timestamp),
        monitoring_term_end((a.after ->> 'granted_until')::date))
      WHEN a.procedure = 'frequent' THEN tstzrange(a.at,
        monitoring_term_end((((a.after ->> 'approved_on')::date) + interval '6 months')::date))
      WHEN a.procedure = 'prohibition' THEN tstzrange(
        timezone('Asia/Shanghai', (a.after ->> 'enters_on')::timestamp),
        monitoring_term_end((a.after ->> 'leaves_on')::date)) END $$;

CREATE FUNCTION monitoring_exception_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a cases_act; c monitoring_clause;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - 'closed_at' - 'closed_by_id' IS DISTINCT FROM
           to_jsonb(NEW) - 'closed_at' - 'closed_by_id' OR OLD.closed_at IS NOT NULL THEN
            PERFORM monitoring_refuse('经批准的例外不得改动', '社区矫正法27条');
        END IF;
        SELECT x.* INTO a FROM cases_act x JOIN cases_act o ON o.id = OLD.act_id
         WHERE x.id = NEW.closed_by_id AND x.proceeding_id = o.proceeding_id
           AND (x.procedure, x.step) IN (
             ('leave', 'confirm_return'), ('leave', 'cancel'), ('leave', 'order_back'), ('frequent', 'end'),
             ('frequent', 'give_up'), ('prohibition', 'withdraw'), ('prohibition', 'report_back'));
        IF a.id IS NULL OR NEW.closed_at IS DISTINCT FROM (CASE a.step WHEN 'confirm_return'
             THEN LEAST(a.at, monitoring_term_end((a.after ->> 'returned_on')::date)) ELSE a.at END) THEN
            PERFORM monitoring_refuse('经批准的例外只随销假、撤回等行为提前终止', '社区矫正法27条');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.closed_at IS NOT NULL THEN
        PERFORM monitoring_refuse('经批准的例外不得改动', '社区矫正法27条');
    END IF;
    IF sifang_system('migration') THEN RETURN NEW; END IF;
    SELECT * INTO c FROM monitoring_clause WHERE id = NEW.clause_id;
    SELECT x.* INTO a FROM cases_act x JOIN cases_case k ON k.id = x.case_id
     WHERE x.id = NEW.act_id AND k.order_id = c.order_id AND x.officer_id = NEW.approved_by_id
       AND c.kind = CASE x.procedure WHEN 'prohibition' THEN 'prohibited_place' ELSE 'boundary' END;
    IF a.id IS NULL OR NOT COALESCE(tstzrange(NEW.starts_at, NEW.ends_at) <@ monitoring_granted(a), false) THEN
        PERFORM monitoring_refuse('没有批准外出、进入的决定，或者超出所批准的时间', '社区矫正法27条');
    END IF;
    RETURN NEW;
END $$;
-- an exception names who decided, and the act says it; whoever writes a later clause carries it over
DROP TRIGGER clauseexception_own_name ON monitoring_clauseexception;
DROP TRIGGER clauseexception_keep ON monitoring_clauseexception;
CREATE TRIGGER stands_on_an_act BEFORE INSERT OR UPDATE ON monitoring_clauseexception
    FOR EACH ROW EXECUTE FUNCTION monitoring_exception_stands();
CREATE POLICY officer_update ON monitoring_clauseexception FOR UPDATE TO sifang_app
    USING (EXISTS (SELECT 1 FROM monitoring_clause c WHERE c.id = clause_id));
"""
BACK = """
DROP POLICY officer_update ON monitoring_clauseexception;
DROP TRIGGER stands_on_an_act ON monitoring_clauseexception;
CREATE TRIGGER clauseexception_keep BEFORE UPDATE ON monitoring_clauseexception
    FOR EACH ROW EXECUTE FUNCTION monitoring_append_only();
CREATE TRIGGER clauseexception_own_name BEFORE INSERT ON monitoring_clauseexception
    FOR EACH ROW EXECUTE FUNCTION monitoring_own_name('approved_by_id');
DROP FUNCTION monitoring_exception_stands();
DROP FUNCTION monitoring_granted(cases_act);
DROP TRIGGER stands_on_an_act ON monitoring_measure;
DROP FUNCTION monitoring_measure_stands();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("monitoring", "0021_received_orders_only"),
        ("cases", "0006_acts_are_checked"),
    ]

    operations = [
        migrations.AddField(
            "measure", "act",
            models.OneToOneField(
                help_text="批准或者延长的行为", null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="measure", to="cases.act",
            ),
        ),
        migrations.AddField(
            "proof", "record",
            models.OneToOneField(
                help_text="查实或者登记的程序", null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="proof", to="cases.proceeding",
            ),
        ),
        migrations.AddField(
            "clauseexception", "act",
            models.ForeignKey(
                help_text="批准的行为", null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="exceptions", to="cases.act",
            ),
        ),
        migrations.AddField(
            "clauseexception", "closed_at",
            models.DateTimeField(blank=True, null=True, verbose_name="提前终止"),
        ),
        migrations.AddField(
            "clauseexception", "closed_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.act",
            ),
        ),
        migrations.AddConstraint(
            "clauseexception",
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="exception_closed_by_an_act",
            ),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]  # fmt: skip
