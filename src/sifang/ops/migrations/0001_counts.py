"""The function behind `sifang status`: four counts, no rows of persons, for roles that may not read them.

It runs as its owner, and names the purpose `migration` for its own duration (FORCE binds the owner too).
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION sifang_counts() RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  before text := coalesce(current_setting('sifang.system_purpose', true), '');
  answer jsonb;
BEGIN
  PERFORM set_config('sifang.system_purpose', 'migration', true);
  SELECT jsonb_build_object(
    'acknowledged', (SELECT coalesce(sum(fixes), 0) FROM monitoring_journalblock),
    'refused', (SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM
                (SELECT reason, sum(count) AS n FROM monitoring_refusedfixes GROUP BY reason) r),
    'open', (SELECT count(*) FROM monitoring_alarm WHERE state <> 'closed'),
    'raised', (SELECT count(*) FROM monitoring_alarm)) INTO answer;
  PERFORM set_config('sifang.system_purpose', before, true);
  RETURN answer;
END $$;
REVOKE ALL ON FUNCTION sifang_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sifang_counts() TO sifang_app, sifang_jobs;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("monitoring", "0001_initial")]
    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION sifang_counts();")]
