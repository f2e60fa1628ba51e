"""How long what is kept: refused frames, dated policies, the runs that delete; see `services.retention`.

Refused frames are written by the watch, read by role reader for an officer who sees the measure, deleted by
the job `retain`, which sees measures and ciphertexts, never a person. The days are our reading.
"""

import django.db.models.deletion
import sifang.kernel.ids
import sifang.kernel.time
from django.conf import settings
from django.db import migrations, models


FORWARD = """
ALTER TABLE monitoring_refusedframe ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_refusedframe FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_select ON monitoring_refusedframe FOR SELECT TO sifang_reader
  USING ((SELECT sifang_seeing_agency()) IS NOT NULL
         AND EXISTS (SELECT 1 FROM monitoring_measure m WHERE m.id = measure_id));
CREATE POLICY watch_select ON monitoring_refusedframe FOR SELECT TO sifang_watch
  USING ((SELECT sifang_system('watch')));
CREATE POLICY watch_insert ON monitoring_refusedframe FOR INSERT TO sifang_watch
  WITH CHECK ((SELECT sifang_system('watch')));
CREATE POLICY retain_select ON monitoring_refusedframe FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('retain')));
CREATE POLICY retain_delete ON monitoring_refusedframe FOR DELETE TO sifang_jobs
  USING ((SELECT sifang_system('retain')));

-- bytes of a refused frame: only of a device worn, at that instant, under a measure told and in force
CREATE FUNCTION monitoring_refused_frame_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM monitoring_measure m JOIN monitoring_binding b ON b.measure_id = m.id
         WHERE m.id = NEW.measure_id AND b.device_id = NEW.device_id
           AND NEW.received_at >= GREATEST(m.approved_at, m.told_at, b.bound_at) AND m.told_at IS NOT NULL
           AND NEW.received_at < LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at),
                                       COALESCE(b.unbound_at, m.ends_at))) THEN
        PERFORM monitoring_refuse('没有有效措施的装置，不得留存其报文', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refused_frame_check BEFORE INSERT ON monitoring_refusedframe
    FOR EACH ROW EXECUTE FUNCTION monitoring_refused_frame_check();
CREATE TRIGGER refusedframe_keep BEFORE UPDATE ON monitoring_refusedframe
    FOR EACH ROW EXECUTE FUNCTION monitoring_append_only();

CREATE TRIGGER retentionpolicy_keep BEFORE UPDATE OR DELETE ON monitoring_retentionpolicy
    FOR EACH ROW EXECUTE FUNCTION sifang_append_only();
CREATE TRIGGER retentionrun_keep BEFORE UPDATE OR DELETE ON monitoring_retentionrun
    FOR EACH ROW EXECUTE FUNCTION sifang_append_only();

-- what the job sees and deletes besides
CREATE POLICY retain_select ON monitoring_measure FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('retain')));
CREATE POLICY retain_select ON monitoring_trackchunk FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('retain')));
CREATE POLICY retain_delete ON monitoring_trackchunk FOR DELETE TO sifang_jobs
  USING ((SELECT sifang_system('retain')));
CREATE POLICY retain_select ON monitoring_enginestate FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('retain')));
CREATE POLICY retain_delete ON monitoring_enginestate FOR DELETE TO sifang_jobs
  USING ((SELECT sifang_system('retain')));

INSERT INTO monitoring_retentionpolicy
  (id, kind, days, valid_from, article, mark, reason, decided_at) VALUES
  (gen_random_uuid(), 'track', 180, '2020-07-01', '个人信息保护法19条', 'reading',
   '法律未定天数。措施结束后供复核、异议、申诉和撤销程序核对，取半年', now()),
  (gen_random_uuid(), 'refused_frame', 7, '2020-07-01', '个人信息保护法19条', 'reading',
   '法律未定天数。只为查明装置为何被拒收，取一周', now()),
  (gen_random_uuid(), 'engine_state', 7, '2020-07-01', '个人信息保护法19条', 'reading',
   '法律未定天数。只为补传定位的复算，取一周', now()),
  (gen_random_uuid(), 'key_backup', 7, '2020-07-01', '个人信息保护法47条', 'reading',
   '备份不得使已销毁的内容复原：不长于最短的保存期限', now());
"""

BACK = """
DROP POLICY retain_select ON monitoring_trackchunk;
DROP POLICY retain_delete ON monitoring_trackchunk;
DROP POLICY retain_select ON monitoring_enginestate;
DROP POLICY retain_delete ON monitoring_enginestate;
DROP POLICY retain_select ON monitoring_measure;
DROP TRIGGER refused_frame_check ON monitoring_refusedframe;
DROP FUNCTION monitoring_refused_frame_check();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0011_chunks'),
        ('people', '0008_retain_purpose'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RetentionRun',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('rows', models.JSONField(help_text='kind → rows deleted')),
                ('keys', models.JSONField(help_text='numbers of the measures whose keys were destroyed')),
                ('policies', models.JSONField(help_text='kind → days in force')),
            ],
            options={
                'verbose_name': '到期销毁',
            },
        ),
        migrations.CreateModel(
            name='RefusedFrame',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('received_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=24)),
                ('gateway', models.CharField(max_length=12)),
                ('size', models.IntegerField(help_text='bytes of the frame; at most 2048 of them are kept')),
                ('body', models.BinaryField()),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='monitoring.device')),
                ('measure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='monitoring.measure')),
            ],
            options={
                'verbose_name': '被拒收的原始报文',
                'indexes': [models.Index(fields=['device', 'received_at'], name='refused_frame_of_device'), models.Index(fields=['measure', 'received_at'], name='refused_frame_of_measure')],
            },
        ),
        migrations.CreateModel(
            name='RetentionPolicy',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('track', '轨迹（措施结束后）'), ('refused_frame', '被拒收的原始报文（收到后）'), ('engine_state', '复算用的引擎状态（写下后）'), ('key_backup', '密钥的备份（抄下后）')], max_length=16)),
                ('days', models.PositiveIntegerField(verbose_name='天数')),
                ('valid_from', models.DateField(verbose_name='自（含当日）')),
                ('article', models.CharField(max_length=60, verbose_name='依据')),
                ('mark', models.CharField(default='reading', max_length=10, verbose_name='认识程度')),
                ('reason', models.CharField(max_length=400, verbose_name='理由')),
                ('decided_at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '保存期限',
                'indexes': [models.Index(fields=['kind', 'valid_from'], name='retention_by_kind')],
                'constraints': [models.CheckConstraint(condition=models.Q(('days__gte', 1)), name='retention_at_least_a_day')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
