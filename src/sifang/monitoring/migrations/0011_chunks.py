"""Chunks by measure and hour, what became of each journal hour, and the rights of the compaction."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


CHUNKS = """
ALTER TABLE monitoring_trackchunk ALTER COLUMN body SET STORAGE EXTERNAL;  -- ciphertext does not compress

ALTER TABLE monitoring_trackchunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_trackchunk FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_select ON monitoring_trackchunk FOR SELECT TO sifang_reader USING (
  (SELECT sifang_seeing_agency()) IS NOT NULL
  AND EXISTS (SELECT 1 FROM monitoring_measure m WHERE m.number = measure_number));
CREATE POLICY compact_all ON monitoring_trackchunk FOR ALL TO sifang_jobs
  USING ((SELECT sifang_system('compact'))) WITH CHECK ((SELECT sifang_system('compact')));
CREATE POLICY compare_select ON monitoring_trackchunk FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compare')));
CREATE POLICY count_select ON monitoring_trackchunk FOR SELECT TO sifang_owner
  USING ((SELECT sifang_system('migration')));  -- numbers and ciphertext; the keys are outside PostgreSQL

CREATE POLICY compact_select ON monitoring_journalblock FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compact')));
CREATE POLICY compact_delete ON monitoring_journalblock FOR DELETE TO sifang_jobs
  USING ((SELECT sifang_system('compact')));
CREATE POLICY compact_select ON monitoring_measure FOR SELECT TO sifang_jobs
  USING ((SELECT sifang_system('compact')));

-- storage refuses the unlawful: no instant of a chunk lies outside the term of its measure; a device's clock
-- may be ahead by as much as admission lets it
CREATE FUNCTION monitoring_chunk_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m monitoring_measure;
BEGIN
    SELECT * INTO m FROM monitoring_measure WHERE number = NEW.measure_number;
    IF m.id IS NULL OR NEW.taken_from < date_trunc('second', m.approved_at)
       OR NEW.taken_to >= LEAST(m.ends_at, COALESCE(m.ended_at, m.ends_at)) + interval '120 seconds' THEN
        PERFORM monitoring_refuse('定位不在电子定位措施的期限内，不得保存', '社区矫正法29条');
    END IF;
    IF TG_OP = 'UPDATE' AND ((OLD.measure_number, OLD.hour) IS DISTINCT FROM (NEW.measure_number, NEW.hour)
                             OR NEW.fixes < OLD.fixes) THEN
        PERFORM monitoring_refuse('轨迹分段只能并入补传的定位', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chunk_check BEFORE INSERT OR UPDATE ON monitoring_trackchunk
    FOR EACH ROW EXECUTE FUNCTION monitoring_chunk_check();

CREATE FUNCTION monitoring_hour_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.key_destroyed_at IS NOT NULL OR NEW.hour <> OLD.hour
       OR NEW.fixes < OLD.fixes OR OLD.state = 'compacted' AND NEW.state <> 'compacted' THEN
        PERFORM monitoring_refuse('轨迹日志的压缩记录不得改动', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hour_check BEFORE UPDATE OR DELETE ON monitoring_journalhour
    FOR EACH ROW EXECUTE FUNCTION monitoring_hour_check();

-- blocks come and go by the hour: their room is used again before the table grows
ALTER TABLE monitoring_journalblock SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_insert_scale_factor = 1.0,
    toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 2000);
"""

CHUNKS_BACK = """
ALTER TABLE monitoring_journalblock RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_insert_scale_factor,
    toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_threshold);
DROP FUNCTION monitoring_hour_check() CASCADE;
DROP FUNCTION monitoring_chunk_check() CASCADE;
DROP POLICY compact_select ON monitoring_measure;
DROP POLICY compact_delete ON monitoring_journalblock;
DROP POLICY compact_select ON monitoring_journalblock;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0010_late_fixes'),
        ('people', '0007_compact_purpose'),
    ]

    operations = [
        migrations.CreateModel(
            name='JournalHour',
            fields=[
                ('hour', models.CharField(help_text='UTC YYYYMMDDHH', max_length=10, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('compacted', '已压缩'), ('failed', '未能压缩')], max_length=9)),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='原因')),
                ('first_block', models.BigIntegerField(null=True)),
                ('last_block', models.BigIntegerField(null=True)),
                ('blocks', models.IntegerField(default=0)),
                ('fixes', models.BigIntegerField(default=0)),
                ('stored', models.BigIntegerField(default=0)),
                ('absorbed', models.BigIntegerField(default=0)),
                ('dropped', models.BigIntegerField(default=0)),
                ('chunks', models.IntegerField(default=0)),
                ('head', models.BinaryField(null=True)),
                ('tried_at', models.DateTimeField()),
                ('compacted_at', models.DateTimeField(null=True)),
                ('key_destroyed_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': '轨迹日志小时',
                'constraints': [models.CheckConstraint(condition=models.Q(('fixes', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('stored'), '+', models.F('absorbed')), '+', models.F('dropped')))), name='journal_hour_adds_up'), models.CheckConstraint(condition=models.Q(('state', 'failed'), models.Q(('compacted_at__isnull', False), ('head__isnull', False)), _connector='OR'), name='compacted_hour_has_head')],
            },
        ),
        migrations.CreateModel(
            name='TrackChunk',
            fields=[
                ('pk', models.CompositePrimaryKey('measure', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('taken_from', models.DateTimeField()),
                ('taken_to', models.DateTimeField()),
                ('fixes', models.IntegerField()),
                ('sha256', models.BinaryField(help_text='of the plaintext; bound to the body')),
                ('body', models.BinaryField()),
                ('measure', models.ForeignKey(db_column='measure_number', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='chunks', to='monitoring.measure', to_field='number')),
            ],
            options={
                'verbose_name': '轨迹分段',
                'constraints': [models.CheckConstraint(condition=models.Q(('taken_to__gte', models.F('taken_from'))), name='chunk_in_order'), models.CheckConstraint(condition=models.Q(('fixes__gt', 0)), name='chunk_not_empty')],
            },
        ),
        migrations.RunSQL(CHUNKS, CHUNKS_BACK),
    ]
