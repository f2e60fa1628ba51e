"""The live map's hub in the web process: system purpose `live` of role reader, one read record per run."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION sifang_system(purpose text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(sifang_context('system_purpose') = purpose, false) AND CASE purpose
    WHEN 'migration' THEN pg_has_role(current_user, 'sifang_owner', 'USAGE')
    WHEN 'watch' THEN pg_has_role(current_user, 'sifang_watch', 'USAGE')
    WHEN 'live' THEN pg_has_role(current_user, 'sifang_reader', 'USAGE')
    WHEN 'reconcile' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'deliver' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compare' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    ELSE false END
$$;
CREATE POLICY live_adds ON people_readrecord FOR INSERT TO sifang_reader WITH CHECK (
  officer_id IS NULL AND system_purpose = 'live' AND (SELECT sifang_system('live')));
"""

BACK = """
DROP POLICY live_adds ON people_readrecord;
CREATE OR REPLACE FUNCTION sifang_system(purpose text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(sifang_context('system_purpose') = purpose, false) AND CASE purpose
    WHEN 'migration' THEN pg_has_role(current_user, 'sifang_owner', 'USAGE')
    WHEN 'watch' THEN pg_has_role(current_user, 'sifang_watch', 'USAGE')
    WHEN 'reconcile' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'deliver' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compare' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    ELSE false END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0003_order_gates")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
