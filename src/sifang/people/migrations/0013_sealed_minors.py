"""Sealed minors: after the end nobody sees the person, save under a recorded query (刑事诉讼法286条; E14).

Everything that hangs on a person asks `people_person`, so it is hidden with it. The jobs and the watch keep
their sight: they count and reconcile, they show nobody.
"""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models

FORWARD = """
ALTER TABLE people_sealing ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_sealing FORCE ROW LEVEL SECURITY;
ALTER TABLE people_unsealing ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_unsealing FORCE ROW LEVEL SECURITY;
CREATE POLICY functions_read ON people_sealing FOR SELECT TO sifang_owner USING (session_user <> current_user);
CREATE POLICY functions_read ON people_unsealing FOR SELECT TO sifang_owner USING (session_user <> current_user);

CREATE FUNCTION sifang_is_sealed(person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT EXISTS (SELECT 1 FROM people_sealing s WHERE s.person_id = person) $$;
-- the sealed records opened for this officer's agency now, for him who asks under that purpose
CREATE FUNCTION sifang_unsealed_persons() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT u.person_id), '{}') FROM people_unsealing u
  WHERE u.agency_id = sifang_sharing_agency() AND sifang_context('purpose') = 'sealed'
    AND u.at <= statement_timestamp() AND u.valid_until > statement_timestamp() $$;

CREATE POLICY sealed_hidden ON people_person AS RESTRICTIVE FOR SELECT TO sifang_app, sifang_reader USING (
  NOT is_minor OR NOT sifang_is_sealed(id) OR id = ANY ((SELECT sifang_unsealed_persons())::uuid[])
  OR id = (SELECT sifang_own_person()));
CREATE POLICY sealed_stands ON people_person AS RESTRICTIVE FOR UPDATE TO sifang_app
  USING (NOT is_minor OR NOT sifang_is_sealed(id));

CREATE POLICY keeper_reads ON people_sealing FOR SELECT TO sifang_app, sifang_reader
  USING (agency_id = (SELECT sifang_agency()));
CREATE POLICY county_seals ON people_sealing FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id = (SELECT sifang_agency())
  AND (SELECT sifang_holds('{county_officer}')));
CREATE POLICY migration ON people_sealing TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY jobs_read ON people_sealing FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));

CREATE POLICY keeper_reads ON people_unsealing FOR SELECT TO sifang_app, sifang_reader USING (
  agency_id = (SELECT sifang_agency()) OR EXISTS (
    SELECT 1 FROM people_sealing s WHERE s.person_id = people_unsealing.person_id));
CREATE POLICY keeper_opens ON people_unsealing FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND (SELECT sifang_holds('{county_officer,justice_head}'))
  AND valid_until <= statement_timestamp() + interval '31 days'
  AND EXISTS (SELECT 1 FROM people_sealing s
               WHERE s.person_id = people_unsealing.person_id AND s.agency_id = (SELECT sifang_agency())));
CREATE POLICY migration ON people_unsealing TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));

CREATE FUNCTION people_sealing_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM people_person p WHERE p.id = NEW.person_id AND p.is_minor
                    AND p.county_agency_id = NEW.agency_id AND p.number = NEW.number)
     OR NEW.sealed_on > (statement_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
     OR NOT EXISTS (SELECT 1 FROM people_order o WHERE o.person_id = NEW.person_id AND o.received_on IS NOT NULL)
     OR EXISTS (SELECT 1 FROM people_order o
       WHERE o.person_id = NEW.person_id AND o.received_on IS NOT NULL AND (
         NOT (o.term_end < NEW.sealed_on
              OR COALESCE((o.ended_at AT TIME ZONE 'Asia/Shanghai')::date <= NEW.sealed_on, false))
         OR COALESCE(o.sentence_months, CASE WHEN o.type IN ('control', 'probation') THEN 0 ELSE 9999 END) > 60)) THEN
    RAISE EXCEPTION '只封存犯罪时不满十八周岁、判处五年有期徒刑以下且矫正期已经结束的人的记录（刑事诉讼法286条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sealing_lawful';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sealing_check BEFORE INSERT ON people_sealing
  FOR EACH ROW EXECUTE FUNCTION people_sealing_check();
CREATE TRIGGER sealing_append_only BEFORE UPDATE OR DELETE ON people_sealing
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE TRIGGER unsealing_append_only BEFORE UPDATE OR DELETE ON people_unsealing
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
"""

BACK = """
DROP POLICY sealed_stands ON people_person;
DROP POLICY sealed_hidden ON people_person;
DROP TRIGGER sealing_check ON people_sealing;
DROP FUNCTION people_sealing_check(), sifang_is_sealed(uuid), sifang_unsealed_persons();
"""


class Migration(migrations.Migration):

    dependencies = [("people", "0012_keys_and_moves")]

    operations = [
        migrations.CreateModel(
            name='Sealing',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(help_text='依法查询时凭此找到', max_length=40, verbose_name='矫正编号')),
                ('sealed_on', models.DateField(verbose_name='封存日')),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('agency', models.ForeignKey(help_text='保管的县级社区矫正机构', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sealing', to='people.person')),
            ],
            options={
                'verbose_name': '犯罪记录封存',
                'indexes': [models.Index(fields=['agency', 'number'], name='sealing_of_agency')],
            },
        ),
        migrations.CreateModel(
            name='Unsealing',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('ground', models.CharField(choices=[('judicial', '司法机关为办案需要'), ('query', '有关单位根据国家规定查询')], max_length=10, verbose_name='依据')),
                ('inquirer', models.CharField(max_length=80, verbose_name='查询单位')),
                ('document_no', models.CharField(max_length=80, verbose_name='查询文书号')),
                ('valid_until', models.DateTimeField(verbose_name='至（不含）')),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('agency', models.ForeignKey(help_text='可以查看的机关', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('officer', models.ForeignKey(help_text='经办人', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unsealings', to='people.person')),
            ],
            options={
                'verbose_name': '封存记录的查询',
                'indexes': [models.Index(fields=['agency', 'valid_until'], name='unsealing_of_agency')],
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('at'))), name='unsealing_in_order'), models.CheckConstraint(condition=models.Q(models.Q(('inquirer', ''), _negated=True), models.Q(('document_no', ''), _negated=True)), name='unsealing_has_document')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
