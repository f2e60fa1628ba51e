"""Shares: another agency reads a person for one matter and a time; courts, police, prisons see only so.

A share never lets write a person or an order, and opens no position: `sifang_seeing_agency()` stays what it
was. `sifang_covers(person)` asks for the older sight (county, office, own file), without shares.
"""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models

FORWARD = """
-- the agency through which this officer may see persons shared to it; null when his role sees none
CREATE FUNCTION sifang_sharing_agency() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id FROM people_officer o JOIN people_agency a ON a.id = o.agency_id
  WHERE o.id = sifang_officer() AND CASE a.kind
    WHEN 'court' THEN sifang_holds('{judge}')
    WHEN 'police' THEN sifang_holds('{police_officer}')
    WHEN 'prison' THEN sifang_holds('{custody_officer}')
    WHEN 'detention_centre' THEN sifang_holds('{custody_officer}')
    WHEN 'procuratorate' THEN sifang_holds('{prosecutor}')
    WHEN 'justice_bureau' THEN sifang_holds('{county_officer,duty_officer,justice_head}')
    WHEN 'justice_office' THEN sifang_holds('{township_officer}')
    ELSE false END $$;

ALTER TABLE people_share ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_share FORCE ROW LEVEL SECURITY;
-- the functions below run as the owner for another role; the owner's own sessions need the purpose
CREATE POLICY functions_read ON people_share FOR SELECT TO sifang_owner USING (session_user <> current_user);

-- the persons shared to this officer's agency now
CREATE FUNCTION sifang_shared_persons() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT s.person_id), '{}') FROM people_share s
  WHERE s.agency_id = sifang_sharing_agency() AND s.valid_from <= statement_timestamp()
    AND (s.valid_to IS NULL OR s.valid_to > statement_timestamp()) $$;
-- a person is shared to this officer's agency now, for this matter
CREATE FUNCTION sifang_shared_for(person uuid, what text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_share s
    WHERE s.agency_id = sifang_sharing_agency() AND s.person_id = person AND s.matter = what
      AND s.valid_from <= statement_timestamp()
      AND (s.valid_to IS NULL OR s.valid_to > statement_timestamp())) $$;
-- the officer sees this person by county, office or as the own file: not merely by a share
CREATE FUNCTION sifang_covers(person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM people_person p WHERE p.id = person AND (
    p.county_code = ANY ((SELECT sifang_visible_counties())::text[])
    OR p.office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
    OR p.id = (SELECT sifang_own_person()))) $$;

ALTER POLICY officer_reads ON people_person USING (
  county_code = ANY ((SELECT sifang_visible_counties())::text[])
  OR office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
  OR id = (SELECT sifang_own_person())
  OR id = ANY ((SELECT sifang_shared_persons())::uuid[]));
ALTER POLICY officer_adds ON people_order WITH CHECK (
  sifang_covers(person_id) AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY officer_changes ON people_order USING (
  sifang_covers(person_id) AND (SELECT sifang_seeing_agency()) IS NOT NULL);
-- who read the file is shown to those it belongs to, not to those it is lent to
ALTER POLICY reader_shows ON people_readrecord USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = ANY (person_ids) AND (
    p.county_code = ANY ((SELECT sifang_visible_counties())::text[])
    OR p.office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
    OR p.id = (SELECT sifang_own_person()))));

CREATE POLICY officer_reads ON people_share FOR SELECT TO sifang_app, sifang_reader USING (
  agency_id = (SELECT sifang_sharing_agency()) OR given_by_id = (SELECT sifang_sharing_agency())
  OR sifang_covers(person_id));
-- an agency shares what is its own; what was shared to it, only on to its own offices, for the same matter
CREATE POLICY officer_adds ON people_share FOR INSERT TO sifang_app WITH CHECK (
  by_id = (SELECT sifang_officer()) AND given_by_id = (SELECT sifang_sharing_agency())
  AND ((sifang_covers(person_id) AND (SELECT sifang_justice()))
       OR (sifang_shared_for(person_id, matter) AND EXISTS (
             SELECT 1 FROM people_agency a WHERE a.id = agency_id AND a.kind = 'justice_office'
                AND a.parent_id = given_by_id))));
CREATE POLICY giver_ends ON people_share FOR UPDATE TO sifang_app
  USING (given_by_id = (SELECT sifang_sharing_agency()));
CREATE POLICY migration ON people_share TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY jobs_read ON people_share FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));

CREATE FUNCTION people_share_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '共享只能终止，不能删除' USING ERRCODE = 'insufficient_privilege';
  ELSIF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'valid_to' IS DISTINCT FROM to_jsonb(OLD) - 'valid_to'
      OR COALESCE(NEW.valid_to, 'infinity') > COALESCE(OLD.valid_to, 'infinity')) THEN
    RAISE EXCEPTION '共享只能提前终止，不能改动或者延长（个人信息保护法34条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'share_stands';
  ELSIF EXISTS (SELECT 1 FROM people_agency WHERE id = NEW.agency_id AND kind = 'committee_office') THEN
    RAISE EXCEPTION '社区矫正委员会不查看个人档案' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'share_not_with_the_committee';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER share_stands BEFORE INSERT OR UPDATE OR DELETE ON people_share
  FOR EACH ROW EXECUTE FUNCTION people_share_stands();

-- the bodies that decided the orders already in the register see their own orders
SELECT set_config('sifang.system_purpose', 'migration', true);
INSERT INTO people_readrecord (id, at, role, system_purpose, purpose, article, what, person_ids)
  SELECT gen_random_uuid(), now(), '', 'migration', 'migration', '', 'system_run', '{}'
   WHERE EXISTS (SELECT 1 FROM people_order);
INSERT INTO people_share (id, person_id, agency_id, matter, article, valid_from, given_by_id)
  SELECT DISTINCT ON (o.person_id, o.decided_by_id) gen_random_uuid(), o.person_id, o.decided_by_id,
         'decided', '社区矫正法20条', now(), p.county_agency_id
    FROM people_order o JOIN people_person p ON p.id = o.person_id WHERE o.ended_at IS NULL;
SELECT set_config('sifang.system_purpose', '', true);
"""

BACK = """
ALTER POLICY officer_reads ON people_person USING (
  county_code = ANY ((SELECT sifang_visible_counties())::text[])
  OR office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
  OR id = (SELECT sifang_own_person()));
ALTER POLICY officer_adds ON people_order WITH CHECK (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY officer_changes ON people_order USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)
  AND (SELECT sifang_seeing_agency()) IS NOT NULL);
ALTER POLICY reader_shows ON people_readrecord USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = ANY (person_ids)));
DROP TRIGGER share_stands ON people_share;
DROP FUNCTION people_share_stands();
DROP POLICY officer_adds ON people_share;
DROP POLICY officer_reads ON people_share;
DROP POLICY giver_ends ON people_share;
DROP FUNCTION sifang_covers(uuid), sifang_shared_for(uuid, text), sifang_shared_persons(),
  sifang_sharing_agency();
"""


class Migration(migrations.Migration):

    dependencies = [("people", "0009_delegations")]

    operations = [
        migrations.AlterField(
            model_name='rolegrant',
            name='role',
            field=models.CharField(choices=[('township_officer', '司法所工作人员'), ('county_officer', '县级社区矫正机构工作人员'), ('duty_officer', '指挥中心值班员'), ('justice_head', '司法行政部门负责人'), ('prosecutor', '检察官'), ('police_officer', '民警'), ('judge', '法官'), ('custody_officer', '监狱、看守所工作人员'), ('committee_staff', '政法委工作人员'), ('system_admin', '系统管理员'), ('security_admin', '安全管理员'), ('auditor', '审计管理员'), ('person', '社区矫正对象本人')], max_length=20, verbose_name='角色'),
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('matter', models.CharField(choices=[('decided', '本机关作出的决定'), ('custody', '移送交接'), ('move', '变更执行地'), ('destination', '外出目的地协助'), ('search', '协助查找'), ('exit_control', '出境报备'), ('penalty', '治安管理处罚'), ('coercive', '强制措施')], max_length=12, verbose_name='事项')),
                ('article', models.CharField(max_length=60, verbose_name='依据')),
                ('valid_from', models.DateTimeField(default=sifang.kernel.time.utc_now, verbose_name='起')),
                ('valid_to', models.DateTimeField(blank=True, null=True, verbose_name='止')),
                ('agency', models.ForeignKey(help_text='可以查看的机关', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('by', models.ForeignKey(help_text='经办人；空 = 接管登记时', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('given_by', models.ForeignKey(help_text='提供的机关', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='people.person')),
            ],
            options={
                'verbose_name': '共享',
                'indexes': [models.Index(fields=['agency', 'valid_to', 'person'], name='share_of_agency')],
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='share_in_order'), models.CheckConstraint(condition=models.Q(('article', ''), _negated=True), name='share_has_article')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
