"""Exports of tracks: inserted once; officers see those of persons they cover, the supervised person does not.

The end of an export may be written when its officer no longer may see anything: it holds no person and no
place, and belongs to an export that was asked for.
"""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models


FORWARD = """
ALTER TABLE monitoring_trackexport ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_trackexport FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_select ON monitoring_trackexport FOR SELECT TO sifang_app, sifang_reader
  USING ((SELECT sifang_seeing_agency()) IS NOT NULL
         AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id));
CREATE POLICY officer_insert ON monitoring_trackexport FOR INSERT TO sifang_app WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id IS NOT DISTINCT FROM (SELECT sifang_agency())
  AND purpose = (SELECT sifang_context('purpose'))
  AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id));
CREATE TRIGGER trackexport_keep BEFORE UPDATE OR DELETE ON monitoring_trackexport
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();

ALTER TABLE monitoring_trackexportend ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_trackexportend FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_select ON monitoring_trackexportend FOR SELECT TO sifang_app, sifang_reader
  USING (EXISTS (SELECT 1 FROM monitoring_trackexport e WHERE e.id = export_id));
CREATE POLICY export_insert ON monitoring_trackexportend FOR INSERT TO sifang_app WITH CHECK (true);
CREATE TRIGGER trackexportend_keep BEFORE UPDATE OR DELETE ON monitoring_trackexportend
  FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
REVOKE UPDATE, DELETE ON monitoring_trackexport, monitoring_trackexportend
  FROM sifang_app, sifang_watch, sifang_reader, sifang_jobs;
REVOKE INSERT ON monitoring_trackexport, monitoring_trackexportend
  FROM sifang_watch, sifang_reader, sifang_jobs;
"""
BACK = "SELECT 1"  # the tables go with all that stands on them


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0014_late_again'),
        ('people', '0008_retain_purpose'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TrackExport',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(max_length=40, verbose_name='目的')),
                ('document_no', models.CharField(max_length=80, verbose_name='案卷文书号')),
                ('reason', models.CharField(max_length=400, verbose_name='理由')),
                ('form', models.CharField(max_length=4, verbose_name='格式')),
                ('span_from', models.DateTimeField(verbose_name='起')),
                ('span_to', models.DateTimeField(verbose_name='止（不含）')),
                ('asked_at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('ledger_id', models.UUIDField(help_text='row of the ledger: track_export_asked')),
                ('agency', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.agency')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person')),
                ('read', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.readrecord')),
            ],
            options={
                'verbose_name': '轨迹导出',
            },
        ),
        migrations.CreateModel(
            name='TrackExportEnd',
            fields=[
                ('export', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='end', serialize=False, to='monitoring.trackexport')),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('state', models.CharField(choices=[('complete', '完成'), ('broken', '中断')], max_length=8, verbose_name='结果')),
                ('fixes', models.BigIntegerField(verbose_name='定位条数')),
                ('sha256', models.CharField(help_text='of the content handed out', max_length=64)),
                ('ledger_id', models.UUIDField(help_text='row of the ledger: track_export_ended')),
            ],
            options={
                'verbose_name': '轨迹导出结果',
            },
        ),
        migrations.AddConstraint(
            model_name='trackexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document_no', ''), _negated=True), models.Q(('reason', ''), _negated=True)), name='track_export_has_its_file'),
        ),
        migrations.AddConstraint(
            model_name='trackexport',
            constraint=models.CheckConstraint(condition=models.Q(('span_to__gt', models.F('span_from'))), name='track_export_in_order'),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
