"""Delegations of a county agency to its justice offices: readable by all, written by that county alone."""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models

FORWARD = """
-- the officer of this transaction holds one of these roles now
CREATE FUNCTION sifang_holds(roles text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_rolegrant g
                 WHERE g.officer_id = sifang_officer() AND g.role = ANY (roles)
                   AND g.valid_from <= statement_timestamp()
                   AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())) $$;
-- 社区矫正法9条: the county agency for which this officer may delegate
CREATE FUNCTION sifang_delegating_agency() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id FROM people_agency a
  WHERE a.id = sifang_agency() AND a.kind = 'justice_bureau' AND a.level = 'county'
    AND sifang_holds('{county_officer,justice_head}') $$;

ALTER TABLE people_delegation ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_delegation FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON people_delegation FOR SELECT USING (true);
CREATE POLICY county_adds ON people_delegation FOR INSERT TO sifang_app WITH CHECK (
  agency_id = (SELECT sifang_delegating_agency()) AND by_id = (SELECT sifang_officer()));
CREATE POLICY county_ends ON people_delegation FOR UPDATE TO sifang_app
  USING (agency_id = (SELECT sifang_delegating_agency()));
CREATE POLICY migration ON people_delegation TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));

CREATE FUNCTION people_delegation_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '委托只能终止，不能删除' USING ERRCODE = 'insufficient_privilege';
  ELSIF TG_OP = 'UPDATE' THEN
    IF to_jsonb(NEW) - 'valid_to' IS DISTINCT FROM to_jsonb(OLD) - 'valid_to'
       OR COALESCE(NEW.valid_to, 'infinity') > COALESCE(OLD.valid_to, 'infinity') THEN
      RAISE EXCEPTION '委托只能提前终止，不能改动或者延长（社区矫正法9条）'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_stands';
    END IF;
  ELSIF NOT EXISTS (
      SELECT 1 FROM people_agency o JOIN people_agency c ON c.id = o.parent_id
       WHERE o.id = NEW.office_id AND o.kind = 'justice_office' AND c.id = NEW.agency_id
         AND c.kind = 'justice_bureau' AND c.level = 'county') THEN
    RAISE EXCEPTION '只能委托给本县区的司法所（社区矫正法9条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_within_county';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delegation_stands BEFORE INSERT OR UPDATE OR DELETE ON people_delegation
  FOR EACH ROW EXECUTE FUNCTION people_delegation_stands();
"""

BACK = """
DROP TRIGGER delegation_stands ON people_delegation;
DROP FUNCTION people_delegation_stands();
DROP POLICY county_ends ON people_delegation;
DROP POLICY county_adds ON people_delegation;
DROP FUNCTION sifang_delegating_agency(), sifang_holds(text[]);
"""


class Migration(migrations.Migration):

    dependencies = [("people", "0008_retain_purpose")]

    operations = [
        migrations.CreateModel(
            name='Delegation',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('matter', models.CharField(choices=[('leave', '七日以内的外出审批'), ('daily', '日常报告、核实和走访'), ('announce', '入矫、解矫宣告'), ('plan', '矫正方案'), ('team', '矫正小组'), ('visit', '会客和接触特定人员'), ('help', '教育帮扶')], max_length=10, verbose_name='事项')),
                ('title', models.CharField(choices=[('委托', '委托（社区矫正机构）'), ('指派', '指派（县级司法行政部门）')], default='委托', max_length=2, verbose_name='名义')),
                ('document_no', models.CharField(max_length=80, verbose_name='委托书文号')),
                ('valid_from', models.DateField(help_text='含当日', verbose_name='起')),
                ('valid_to', models.DateField(blank=True, help_text='含当日；空 = 至终止', null=True, verbose_name='止')),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('agency', models.ForeignKey(help_text='县级社区矫正机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('by', models.ForeignKey(help_text='经办人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('office', models.ForeignKey(help_text='司法所', on_delete=django.db.models.deletion.PROTECT, related_name='delegations', to='people.agency')),
            ],
            options={
                'verbose_name': '委托',
                'indexes': [models.Index(fields=['office', 'matter', 'valid_from'], name='delegation_of_office')],
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='delegation_in_order'), models.CheckConstraint(condition=models.Q(('document_no', ''), _negated=True), name='delegation_has_document')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
