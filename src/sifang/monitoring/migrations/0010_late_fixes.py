"""Late fixes: the engine's states by the hour, the work that waits, what a replay found about an alarm.

Only the late job (system purpose `compare` of role jobs) reads positions and states and asks about the past;
officers see the question and the review, as far as they see the person. Nobody reads a state but that job.
"""

import django.db.models.deletion
from django.db import migrations, models

import sifang.kernel.ids
import sifang.kernel.time

FORWARD = """
ALTER TABLE monitoring_alarmreview ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_alarmreview FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_select ON monitoring_alarmreview FOR SELECT TO sifang_app, sifang_reader
  USING (EXISTS (SELECT 1 FROM monitoring_alarm a WHERE a.id = alarm_id));
CREATE POLICY compare_select ON monitoring_alarmreview FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compare')));
CREATE POLICY compare_insert ON monitoring_alarmreview FOR INSERT TO sifang_jobs
  WITH CHECK ((SELECT sifang_system('compare')));
CREATE TRIGGER alarmreview_keep BEFORE UPDATE OR DELETE ON monitoring_alarmreview
  FOR EACH ROW EXECUTE FUNCTION monitoring_append_only();

ALTER TABLE monitoring_enginestate ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_enginestate FORCE ROW LEVEL SECURITY;
CREATE POLICY watch_insert ON monitoring_enginestate FOR INSERT TO sifang_watch
  WITH CHECK ((SELECT sifang_system('watch')) AND NOT merged);
CREATE POLICY compare_all ON monitoring_enginestate FOR ALL TO sifang_jobs
  USING ((SELECT sifang_system('compare'))) WITH CHECK ((SELECT sifang_system('compare')) AND merged);

ALTER TABLE monitoring_latework ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_latework FORCE ROW LEVEL SECURITY;
CREATE POLICY watch_select ON monitoring_latework FOR SELECT TO sifang_watch
  USING ((SELECT sifang_system('watch')));
CREATE POLICY watch_insert ON monitoring_latework FOR INSERT TO sifang_watch
  WITH CHECK ((SELECT sifang_system('watch')) AND state = 'waiting');
CREATE POLICY watch_update ON monitoring_latework FOR UPDATE TO sifang_watch
  USING ((SELECT sifang_system('watch')) AND state = 'waiting')
  WITH CHECK ((SELECT sifang_system('watch')) AND state = 'waiting');
CREATE POLICY compare_all ON monitoring_latework FOR ALL TO sifang_jobs
  USING ((SELECT sifang_system('compare'))) WITH CHECK ((SELECT sifang_system('compare')));

-- what the late job reads and adds besides
CREATE POLICY compare_select ON monitoring_journalblock FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compare')));
CREATE POLICY compare_select ON monitoring_clauseexception FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compare')));
CREATE POLICY compare_select ON monitoring_signal FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compare')));
CREATE POLICY compare_insert ON monitoring_signal FOR INSERT TO sifang_jobs
  WITH CHECK ((SELECT sifang_system('compare')));
CREATE POLICY compare_insert ON monitoring_alarm FOR INSERT TO sifang_jobs
  WITH CHECK ((SELECT sifang_system('compare')) AND past);

-- a question about the past stays one, and a live one never becomes one; the watch asks live ones only
CREATE FUNCTION monitoring_alarm_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.past IS DISTINCT FROM OLD.past THEN
        PERFORM monitoring_refuse('报警的事实不得改动', '社区矫正法29条');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.past AND sifang_system('watch') THEN
        PERFORM monitoring_refuse('补传定位不得生成实时报警', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alarm_past BEFORE INSERT OR UPDATE ON monitoring_alarm
    FOR EACH ROW EXECUTE FUNCTION monitoring_alarm_past();
"""

BACK = """
DROP TRIGGER alarm_past ON monitoring_alarm;
DROP FUNCTION monitoring_alarm_past();
DROP POLICY compare_insert ON monitoring_alarm;
DROP POLICY compare_insert ON monitoring_signal;
DROP POLICY compare_select ON monitoring_signal;
DROP POLICY compare_select ON monitoring_clauseexception;
DROP POLICY compare_select ON monitoring_journalblock;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0009_closed_doors'),
        ('people', '0006_orders_stand'),
    ]

    operations = [
        migrations.AddField(
            model_name='alarm',
            name='past',
            field=models.BooleanField(default=False, help_text='found in late fixes: asks about the past, never live', verbose_name='关于过去'),
        ),
        migrations.AlterField(
            model_name='alarm',
            name='rank',
            field=models.PositiveSmallIntegerField(help_text='1 一类, 2 二类, 3 历史', verbose_name='级别'),
        ),
        migrations.CreateModel(
            name='AlarmReview',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('verdict', models.CharField(choices=[('unsupported', '补传定位不再支持此报警'), ('supported', '补传定位重新支持此报警'), ('explained', '无新定位的时段已有补传定位')], max_length=12)),
                ('facts', models.JSONField(default=dict, help_text='counts, seconds and evidence; no coordinates')),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='monitoring.alarm')),
            ],
            options={
                'verbose_name': '报警复算',
                'indexes': [models.Index(fields=['alarm', 'at'], name='monitoring__alarm_i_761b13_idx')],
            },
        ),
        migrations.CreateModel(
            name='EngineState',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('hour', models.DateTimeField(help_text='UTC hour in which it was written, or up to which it reaches')),
                ('merged', models.BooleanField(default=False)),
                ('taken_to', models.BigIntegerField(help_text='Unix second of the newest fix in it, -1 none')),
                ('body', models.BinaryField()),
                ('written_at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('measure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='monitoring.measure')),
            ],
            options={
                'verbose_name': '引擎状态',
                'constraints': [models.UniqueConstraint(fields=('measure', 'hour', 'merged'), name='engine_state_once_an_hour')],
            },
        ),
        migrations.CreateModel(
            name='LateWork',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('from_s', models.BigIntegerField(help_text='Unix second at which the earliest late fix was taken')),
                ('to_s', models.BigIntegerField(help_text='… the latest known when the row was made')),
                ('received_s', models.BigIntegerField(help_text='Unix second at which the first of them was received')),
                ('state', models.CharField(choices=[('waiting', '待复算'), ('done', '已复算'), ('failed', '未能复算')], default='waiting', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('created_at', models.DateTimeField(default=sifang.kernel.time.utc_now)),
                ('not_before', models.DateTimeField(blank=True, help_text='an episode is still undecided', null=True)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('measure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='monitoring.measure')),
            ],
            options={
                'verbose_name': '补传复算',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['created_at'], name='late_work_waiting'), models.Index(fields=['measure', 'from_s'], name='late_work_of_measure')],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
