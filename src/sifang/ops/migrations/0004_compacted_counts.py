"""`sifang status` goes on counting what was acknowledged when its blocks have become chunks.

A compacted hour keeps the number of its fixes in its row; and the backlog tells hours that cannot be
compacted.
"""

from django.db import migrations

MAKE = """
CREATE OR REPLACE FUNCTION sifang_counts() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('sifang.system_purpose', true), '');
  answer jsonb;
BEGIN
  PERFORM set_config('sifang.system_purpose', 'migration', true);
  SELECT jsonb_build_object(
    'acknowledged', (SELECT coalesce(sum(fixes), 0) FROM monitoring_journalblock)
                  + (SELECT coalesce(sum(fixes), 0) FROM monitoring_journalhour),
    'refused', (SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM
                (SELECT reason, sum(count) AS n FROM monitoring_refusedfixes GROUP BY reason) r),
    'open', (SELECT count(*) FROM monitoring_alarm WHERE state <> 'closed'),
    'raised', (SELECT count(*) FROM monitoring_alarm)) INTO answer;
  PERFORM set_config('sifang.system_purpose', before, true);
  RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION sifang_backlog() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('sifang.system_purpose', true), '');
  answer jsonb;
  jobs_s double precision;
BEGIN
  PERFORM set_config('sifang.system_purpose', 'migration', true);
  SELECT extract(epoch FROM now() - min(greatest(e.at, coalesce(j.scheduled_at, e.at)))) INTO jobs_s
    FROM procrastinate_jobs j JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events e
      WHERE e.job_id = j.id AND e.type IN ('deferred', 'deferred_for_retry', 'retried')) e ON true
    WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now();
  SELECT jsonb_build_object(
    'jobs_waiting', (SELECT count(*) FROM procrastinate_jobs
                     WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
    'jobs_running', (SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'),
    'jobs_failed', (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'),
    'oldest_job_s', coalesce(jobs_s, 0),
    'incidents_open', (SELECT count(*) FROM monitoring_incident WHERE ended_at IS NULL),
    'journal_oldest_s', (SELECT coalesce(extract(epoch FROM now() - min(written_at)), 0)
                         FROM monitoring_journalblock),
    'journal_last', (SELECT coalesce(max(id), 0) FROM monitoring_journalblock),
    'hours_failed', (SELECT count(*) FROM monitoring_journalhour WHERE state = 'failed'),
    'late_waiting', (SELECT count(*) FROM monitoring_latework WHERE state = 'waiting')) INTO answer;
  PERFORM set_config('sifang.system_purpose', before, true);
  RETURN answer;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("ops", "0003_path"), ("monitoring", "0011_chunks")]
    operations = [migrations.RunSQL(MAKE, migrations.RunSQL.noop)]
