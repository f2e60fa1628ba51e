"""Cases taken over from elsewhere, and cases that left as a file: kept as told, appended only."""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models


FORWARD = """
{triggers}
-- which files an agency imported: that agency's own business (no person in it)
CREATE POLICY agency_reads ON cases_registerimport FOR SELECT TO sifang_app, sifang_reader USING (
  agency_id = (SELECT sifang_agency()));
CREATE POLICY county_imports ON cases_registerimport FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id = (SELECT sifang_agency())
  AND (SELECT sifang_justice_bureau()) AND (SELECT sifang_holds('{{county_officer}}')));

-- what was told of a case: whoever sees the case; written by the county agency that takes it over
CREATE POLICY officer_reads ON cases_takenover FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY county_takes ON cases_takenover FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id = (SELECT sifang_agency())
  AND (SELECT sifang_justice_bureau()) AND (SELECT sifang_holds('{{county_officer}}'))
  AND EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id AND sifang_covers(c.person_id)));
CREATE POLICY officer_reads ON cases_takendocument FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_takenover t WHERE t.id = taken_id));
CREATE POLICY county_takes ON cases_takendocument FOR INSERT TO sifang_app WITH CHECK (
  EXISTS (SELECT 1 FROM cases_takenover t WHERE t.id = taken_id AND t.officer_id = (SELECT sifang_officer())));

-- who took a case out: whoever sees the case; only the person's own county agency does
CREATE POLICY officer_reads ON cases_caseexport FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id));
CREATE POLICY county_exports ON cases_caseexport FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id = (SELECT sifang_agency())
  AND (SELECT sifang_holds('{{county_officer}}')) AND EXISTS (
    SELECT 1 FROM cases_case c JOIN people_person p ON p.id = c.person_id
    WHERE c.id = case_id AND p.county_agency_id = cases_caseexport.agency_id));
"""
BEGINS = """
-- a course is taken over today, once, before anything of it runs here
CREATE FUNCTION sifang_takes_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF sifang_system('migration') THEN RETURN NEW; END IF;
  NEW.at := clock_timestamp();
  IF NEW."on" NOT BETWEEN (transaction_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
                      AND (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
     OR EXISTS (SELECT 1 FROM cases_proceeding r WHERE r.case_id = NEW.case_id)
     OR NOT EXISTS (SELECT 1 FROM cases_case c JOIN people_order o ON o.id = c.order_id
                    WHERE c.id = NEW.case_id AND o.received_on IS NOT NULL AND o.ended_at IS NULL) THEN
    PERFORM sifang_refuse('只能接管已经接收、尚未在这里办理的案件', 'taken_over_at_the_start');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER takes_over BEFORE INSERT ON cases_takenover
  FOR EACH ROW EXECUTE FUNCTION sifang_takes_over();
"""
TABLE = """
ALTER TABLE cases_{name} ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_{name} FORCE ROW LEVEL SECURITY;
CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON cases_{name}
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE POLICY migration ON cases_{name} TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY jobs_read ON cases_{name} FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));
"""
NAMES = ("registerimport", "takenover", "takendocument", "caseexport")
SQL = FORWARD.format(triggers="".join(TABLE.format(name=name) for name in NAMES))


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0010_minors_by_the_register'),
        ('people', '0013_sealed_minors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TakenOver',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('on', models.DateField(verbose_name='接管日')),
                ('source', models.CharField(choices=[('register', '登记册导入'), ('archive', '案件档案导入')], max_length=10, verbose_name='来源')),
                ('sha256', models.CharField(max_length=64, verbose_name='来源文件摘要')),
                ('told', models.JSONField(default=dict, verbose_name='接管前的记载')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='taken_over', to='cases.case')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '接管记录',
            },
        ),
        migrations.CreateModel(
            name='TakenDocument',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=60, verbose_name='名称')),
                ('number', models.CharField(max_length=60, verbose_name='原文号')),
                ('issued_at', models.DateTimeField(null=True)),
                ('pdf', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('taken', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='cases.takenover')),
            ],
            options={
                'verbose_name': '接管的文书',
            },
        ),
        migrations.CreateModel(
            name='CaseExport',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('purpose', models.CharField(max_length=200, verbose_name='用途')),
                ('sha256', models.CharField(max_length=64, verbose_name='档案摘要')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='cases.case')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '案件档案导出',
                'constraints': [models.CheckConstraint(condition=models.Q(('purpose', ''), _negated=True), name='export_has_purpose')],
            },
        ),
        migrations.CreateModel(
            name='RegisterImport',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('file_name', models.CharField(blank=True, max_length=120)),
                ('sha256', models.CharField(max_length=64)),
                ('rows', models.PositiveIntegerField()),
                ('registered', models.PositiveIntegerField()),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '登记册导入',
                'constraints': [models.UniqueConstraint(fields=('agency', 'sha256'), name='register_file_once')],
            },
        ),
        migrations.RunSQL(SQL, "SELECT 1"),  # the tables go with this migration
        migrations.RunSQL(BEGINS, "SELECT 1"),
    ]
