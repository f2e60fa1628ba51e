"""Hand-over and reception: who decided enters, the county receives; a term that differs is settled by name.

An order is a draft until `received_on`. The body that entered it corrects the draft, the county receives it
or completes missing papers; apart from that an order stands as its paper says (0006).
"""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models

BACKFILL = """
SELECT set_config('sifang.system_purpose', 'migration', true);
UPDATE people_order SET received_on = effective_on;
SELECT set_config('sifang.system_purpose', '', true);
"""

STANDS = """
CREATE OR REPLACE FUNCTION sifang_order_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  may text[] := '{ended_at,term_end,prohibition_until}';
  paper text[] := '{type,decided_by_id,document_no,document_date,effective_on,term_start,term_end,prohibition,
                    prohibition_until,term_facts,term_check}';
  is_draft boolean := OLD.received_on IS NULL AND NEW.received_on IS NULL;
  is_new_paper boolean := false;
BEGIN
  IF is_draft AND OLD.entered_by_id = sifang_entering_agency() AND NEW.decided_by_id = OLD.decided_by_id THEN
    may := may || paper; is_new_paper := true;  -- who entered it corrects its own draft
  ELSIF OLD.papers_pending AND NOT NEW.papers_pending THEN
    may := may || paper || '{papers_pending}'; is_new_paper := true;  -- 办法16条: the papers have come
  END IF;
  IF OLD.received_on IS NULL AND NEW.received_on IS NOT NULL THEN may := may || '{received_on}'; END IF;
  IF to_jsonb(NEW) - may IS DISTINCT FROM to_jsonb(OLD) - may THEN
    RAISE EXCEPTION '已登记的决定不得改动（社区矫正法22条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  IF COALESCE(NEW.ended_at, 'infinity') > COALESCE(OLD.ended_at, 'infinity')
     OR (NOT is_new_paper AND (NEW.term_end > OLD.term_end
         OR COALESCE(NEW.prohibition_until, 'infinity') > COALESCE(OLD.prohibition_until, 'infinity'))) THEN
    RAISE EXCEPTION '期限只能依新的文书延长（社区矫正法44条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  RETURN NEW;
END $$;
"""
STANDS_BEFORE = """
CREATE OR REPLACE FUNCTION sifang_order_stands() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

FORWARD = """
-- the deciding body for which this officer may enter persons and orders (社区矫正法20条)
CREATE FUNCTION sifang_entering_agency() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id FROM people_agency a WHERE a.id = sifang_sharing_agency()
    AND (a.kind IN ('court', 'prison') OR (a.kind = 'police' AND a.level IN ('city', 'province'))) $$;

CREATE POLICY body_enters ON people_person FOR INSERT TO sifang_app WITH CHECK (
  entered_by_id = (SELECT sifang_entering_agency()) AND office_id IS NULL);
ALTER POLICY justice_adds ON people_person WITH CHECK (
  ((SELECT sifang_justice_bureau()) AND entered_by_id IS NULL)
  OR entered_by_id = (SELECT sifang_entering_agency()));
CREATE POLICY body_enters ON people_order FOR INSERT TO sifang_app WITH CHECK (
  entered_by_id = (SELECT sifang_entering_agency()) AND decided_by_id = entered_by_id AND received_on IS NULL
  AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id AND p.entered_by_id = people_order.entered_by_id));
ALTER POLICY justice_adds ON people_order WITH CHECK (
  ((SELECT sifang_justice_bureau()) AND entered_by_id IS NULL)
  OR entered_by_id = (SELECT sifang_entering_agency()));
CREATE POLICY body_corrects ON people_order FOR UPDATE TO sifang_app
  USING (entered_by_id = (SELECT sifang_entering_agency()) AND received_on IS NULL)
  WITH CHECK (entered_by_id = (SELECT sifang_entering_agency()) AND received_on IS NULL);
ALTER POLICY justice_changes ON people_order USING (
  (SELECT sifang_justice_bureau())
  OR (entered_by_id = (SELECT sifang_entering_agency()) AND received_on IS NULL));

-- who enters a person sees the person from then on, by a share like everybody else
CREATE POLICY functions_add ON people_share FOR INSERT TO sifang_owner WITH CHECK (session_user <> current_user);
CREATE FUNCTION people_entered_is_shared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO people_share (id, person_id, agency_id, matter, article, valid_from, given_by_id, by_id)
  VALUES (gen_random_uuid(), NEW.id, NEW.entered_by_id, 'decided', '社区矫正法20条', statement_timestamp(),
          NEW.county_agency_id, sifang_officer());
  RETURN NULL;
END $$;
CREATE TRIGGER entered_is_shared AFTER INSERT ON people_person
  FOR EACH ROW WHEN (NEW.entered_by_id IS NOT NULL) EXECUTE FUNCTION people_entered_is_shared();

-- the body keeps the sight of its own order while it runs; the county in charge may end any other
ALTER POLICY giver_ends ON people_share USING (
  given_by_id = (SELECT sifang_sharing_agency())
  OR (sifang_covers(person_id) AND (SELECT sifang_justice_bureau())));
CREATE FUNCTION people_decided_share_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM people_order o WHERE o.person_id = NEW.person_id
              AND o.decided_by_id = NEW.agency_id AND o.ended_at IS NULL
              AND o.term_end >= (statement_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) THEN
    RAISE EXCEPTION '决定机关在矫正期内可以查看自己的决定（社区矫正法20条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'share_decided_stands';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER decided_share_stands BEFORE UPDATE ON people_share
  FOR EACH ROW WHEN (NEW.matter = 'decided') EXECUTE FUNCTION people_decided_share_stands();

-- E1 and PROCEDURES § 1: received once, and not with a term that nobody has settled
CREATE FUNCTION people_order_received() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.received_on IS NOT NULL
     AND (OLD.term_check, OLD.term_start, OLD.papers_pending)
         IS NOT DISTINCT FROM (NEW.term_check, NEW.term_start, NEW.papers_pending) THEN
    RETURN NEW;  -- received already; a later ruling may shorten the term
  END IF;
  IF NEW.term_check = 'differs' AND NOT EXISTS (
      SELECT 1 FROM people_termresolution r WHERE r.order_id = NEW.id
         AND r.chosen_start = NEW.term_start AND r.chosen_end = NEW.term_end) THEN
    RAISE EXCEPTION '期限与计算不一致，须先由具名工作人员说明理由（社区矫正法22条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'order_term_resolved';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_received BEFORE INSERT OR UPDATE OF received_on, term_check, term_start, papers_pending
  ON people_order FOR EACH ROW WHEN (NEW.received_on IS NOT NULL) EXECUTE FUNCTION people_order_received();

ALTER TABLE people_termresolution ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_termresolution FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON people_termresolution FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM people_order o WHERE o.id = order_id));
CREATE POLICY county_adds ON people_termresolution FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id = (SELECT sifang_agency())
  AND (SELECT sifang_holds('{county_officer}')) AND EXISTS (
    SELECT 1 FROM people_order o JOIN people_person p ON p.id = o.person_id
     WHERE o.id = order_id AND p.county_agency_id = people_termresolution.agency_id));
CREATE POLICY migration ON people_termresolution TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE TRIGGER termresolution_append_only BEFORE UPDATE OR DELETE ON people_termresolution
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
"""

BACK = """
DROP TRIGGER order_received ON people_order;
DROP FUNCTION people_order_received();
DROP TRIGGER decided_share_stands ON people_share;
DROP FUNCTION people_decided_share_stands();
ALTER POLICY giver_ends ON people_share USING (given_by_id = (SELECT sifang_sharing_agency()));
DROP TRIGGER entered_is_shared ON people_person;
DROP FUNCTION people_entered_is_shared();
DROP POLICY functions_add ON people_share;
DROP POLICY body_enters ON people_person;
DROP POLICY body_enters ON people_order;
DROP POLICY body_corrects ON people_order;
ALTER POLICY justice_changes ON people_order USING ((SELECT sifang_justice_bureau()));
ALTER POLICY justice_adds ON people_order WITH CHECK ((SELECT sifang_justice_bureau()));
ALTER POLICY justice_adds ON people_person WITH CHECK ((SELECT sifang_justice_bureau()));
DROP FUNCTION sifang_entering_agency();
"""


class Migration(migrations.Migration):

    dependencies = [("people", "0010_shares")]

    operations = [
        migrations.CreateModel(
            name='Numbering',
            fields=[
                ('prefix', models.CharField(max_length=30, primary_key=True, serialize=False)),
                ('last', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': '编号',
            },
        ),
        migrations.AddField(
            model_name='order',
            name='entered_by',
            field=models.ForeignKey(help_text='交付时录入的决定机关；空 = 由县区登记', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency'),
        ),
        migrations.AddField(
            model_name='order',
            name='papers_pending',
            field=models.BooleanField(default=False, help_text='办法16条：先接收，五日内补齐', verbose_name='文书待补'),
        ),
        migrations.AddField(
            model_name='order',
            name='received_on',
            field=models.DateField(blank=True, help_text='空 = 尚未接收，不得监督管理', null=True, verbose_name='接收日'),
        ),
        migrations.AddField(
            model_name='order',
            name='term_check',
            field=models.CharField(blank=True, choices=[('', '未计算'), ('agrees', '与计算一致'), ('differs', '与计算不一致')], default='', max_length=8, verbose_name='期限核对'),
        ),
        migrations.AddField(
            model_name='order',
            name='term_facts',
            field=models.JSONField(blank=True, null=True, verbose_name='文书载明的计算依据'),
        ),
        migrations.AddField(
            model_name='person',
            name='entered_by',
            field=models.ForeignKey(help_text='交付时录入的决定机关；空 = 由县区登记', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency'),
        ),
        migrations.CreateModel(
            name='TermResolution',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('chosen_start', models.DateField(verbose_name='采用的起日')),
                ('chosen_end', models.DateField(help_text='含当日', verbose_name='采用的止日')),
                ('mismatches', models.JSONField(help_text='what, words, computed, stated, article', verbose_name='不一致之处')),
                ('reasons', models.CharField(max_length=400, verbose_name='理由')),
                ('paper_digest', models.CharField(help_text='SHA-256', max_length=64, verbose_name='文书内容摘要')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='term_resolutions', to='people.order')),
            ],
            options={
                'verbose_name': '期限核对的处理',
                'indexes': [models.Index(fields=['order'], name='resolution_of_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reasons', ''), _negated=True), name='resolution_has_reasons')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
        migrations.RunSQL(STANDS, STANDS_BEFORE),
        migrations.RunSQL(BACKFILL, "SELECT 1"),
    ]
