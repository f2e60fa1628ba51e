"""Two functions for the watch of the watch: an empty transaction on the way of a fix, and what waits.

`sifang_path_probe` takes the lock that every journal block takes and writes one technical message into the
write-ahead log, so that its commit is flushed like theirs; it leaves no row. `sifang_backlog` counts work
that waits; no row of a person is shown. Tables of later rooms are asked only when they are there.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION sifang_path_probe() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE v bigint;
BEGIN
  SELECT version INTO v FROM monitoring_measuresversion WHERE id = 1 FOR SHARE;
  PERFORM pg_logical_emit_message(true, 'sifang', 'probe');
  RETURN v;
END $$;
REVOKE ALL ON FUNCTION sifang_path_probe() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sifang_path_probe() TO sifang_watch, sifang_jobs;

CREATE FUNCTION sifang_backlog() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('sifang.system_purpose', true), '');
  answer jsonb;
  n bigint;
  age double precision;
BEGIN
  PERFORM set_config('sifang.system_purpose', 'migration', true);
  SELECT jsonb_build_object(
    'jobs_waiting', count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
    'jobs_running', count(*) FILTER (WHERE status = 'doing'),
    'jobs_failed', count(*) FILTER (WHERE status = 'failed')) INTO answer FROM procrastinate_jobs;
  SELECT extract(epoch FROM now() - min(greatest(e.at, coalesce(j.scheduled_at, e.at)))) INTO age
    FROM procrastinate_jobs j JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events e
      WHERE e.job_id = j.id AND e.type IN ('deferred', 'deferred_for_retry', 'retried')) e ON true
    WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now();
  answer := answer || jsonb_build_object('oldest_job_s', coalesce(age, 0));
  SELECT count(*), coalesce(extract(epoch FROM now() - min(began_at)), 0) INTO n, age
    FROM monitoring_incident WHERE ended_at IS NULL;
  answer := answer || jsonb_build_object('incidents_open', n);
  SELECT coalesce(extract(epoch FROM now() - min(written_at)), 0), coalesce(max(id), 0) INTO age, n
    FROM monitoring_journalblock;
  answer := answer || jsonb_build_object('journal_oldest_s', age, 'journal_last', n);
  IF to_regclass('monitoring_latework') IS NOT NULL THEN
    EXECUTE 'SELECT count(*) FROM monitoring_latework WHERE state = ''waiting''' INTO n;
    answer := answer || jsonb_build_object('late_waiting', n);
  END IF;
  PERFORM set_config('sifang.system_purpose', before, true);
  RETURN answer;
END $$;
REVOKE ALL ON FUNCTION sifang_backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sifang_backlog() TO sifang_jobs;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0002_count_blocks"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [
        migrations.RunSQL(MAKE, "DROP FUNCTION sifang_path_probe(); DROP FUNCTION sifang_backlog();")
    ]
