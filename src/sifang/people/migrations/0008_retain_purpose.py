"""The job that deletes what is due: system purpose `retain` of role jobs; it sees no person."""

from django.db import migrations

HEAD = """
CREATE OR REPLACE FUNCTION sifang_system(purpose text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(sifang_context('system_purpose') = purpose, false) AND CASE purpose
    WHEN 'migration' THEN pg_has_role(current_user, 'sifang_owner', 'USAGE')
    WHEN 'watch' THEN pg_has_role(current_user, 'sifang_watch', 'USAGE')
    WHEN 'live' THEN pg_has_role(current_user, 'sifang_reader', 'USAGE')
    WHEN 'reconcile' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'deliver' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compare' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
    WHEN 'compact' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')
"""
TAIL = """
    ELSE false END
$$;
"""
FORWARD = HEAD + "    WHEN 'retain' THEN pg_has_role(current_user, 'sifang_jobs', 'USAGE')" + TAIL + """
CREATE POLICY retain_adds ON people_readrecord FOR INSERT TO sifang_jobs WITH CHECK (
  officer_id IS NULL AND system_purpose = 'retain' AND (SELECT sifang_system('retain')));
"""
BACK = "DROP POLICY retain_adds ON people_readrecord;" + HEAD + TAIL


class Migration(migrations.Migration):
    dependencies = [("people", "0007_compact_purpose")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
