"""The numbers of measures and fences cross 2^31: sequences, columns, blocks and chunks hold 64 bits.

PostgreSQL changes no column that a policy names, so the policies of the tables concerned are taken down and
put up again word for word, in the same transaction.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

FORWARD = """
DO $$
DECLARE p record; again text[] := '{}'; one text;
BEGIN
  FOR p IN SELECT * FROM pg_policies WHERE schemaname = 'public'
            AND (qual ~ '\\mnumber\\M|\\mmeasures\\M|measure_number'
                 OR with_check ~ '\\mnumber\\M|\\mmeasures\\M|measure_number') LOOP
    again := again || format('CREATE POLICY %I ON %I AS %s FOR %s TO %s%s%s', p.policyname, p.tablename,
      p.permissive, p.cmd, (SELECT string_agg(CASE WHEN r = 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ')
                              FROM unnest(p.roles) AS r),
      CASE WHEN p.qual IS NULL THEN '' ELSE ' USING (' || p.qual || ')' END,
      CASE WHEN p.with_check IS NULL THEN '' ELSE ' WITH CHECK (' || p.with_check || ')' END);
    EXECUTE format('DROP POLICY %I ON %I', p.policyname, p.tablename);
  END LOOP;
  ALTER SEQUENCE monitoring_measure_no AS bigint;
  ALTER SEQUENCE monitoring_fence_no AS bigint;
  ALTER TABLE monitoring_measure ALTER COLUMN number TYPE bigint;
  ALTER TABLE monitoring_fence ALTER COLUMN number TYPE bigint;
  ALTER TABLE monitoring_trackchunk ALTER COLUMN measure_number TYPE bigint;
  ALTER TABLE monitoring_journalblock ALTER COLUMN measures TYPE bigint[] USING measures::bigint[];
  FOREACH one IN ARRAY again LOOP EXECUTE one; END LOOP;
END $$;
"""

BLOCK = """
DROP FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, int[], bytea);
CREATE FUNCTION monitoring_write_block(
    at timestamptz, hour text, version bigint, n int, first timestamptz, last timestamptz, numbers bigint[],
    sealed bytea) RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE block bigint;
BEGIN
    PERFORM set_config('sifang.system_purpose', 'watch', true), pg_advisory_xact_lock_shared(1375340034);
    IF EXISTS (SELECT 1 FROM monitoring_journalhour h
               WHERE h.hour = monitoring_write_block.hour AND h.state = 'compacted') THEN
        RAISE EXCEPTION 'the hour is compacted' USING ERRCODE = '55P03';
    END IF;
    INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes, taken_from, taken_to,
                                         measures, body)
    VALUES (at, hour, version, n, first, last, numbers, sealed) RETURNING id INTO block;
    PERFORM pg_notify('sifang_fixes', block::text);
    RETURN block;
END $$;
REVOKE EXECUTE ON FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, bigint[], bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, bigint[], bytea)
    TO sifang_watch;
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0018_no_block_in_a_compacted_hour")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD), migrations.RunSQL(BLOCK)],
            state_operations=[
                migrations.AlterField(
                    "fence", "number",
                    models.BigIntegerField(
                        db_default=models.Func(models.Value("monitoring_fence_no"), function="nextval"),
                        editable=False, help_text="from sequence monitoring_fence_no", unique=True,
                    ),
                ),
                migrations.AlterField(
                    "journalblock", "measures",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                migrations.AlterField(
                    "measure", "number",
                    models.BigIntegerField(
                        db_default=models.Func(models.Value("monitoring_measure_no"), function="nextval"),
                        editable=False, help_text="from sequence monitoring_measure_no", unique=True,
                    ),
                ),
            ],
        )
    ]  # fmt: skip
