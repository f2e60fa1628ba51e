"""A tick whose hour has been compacted meanwhile is refused: its key is about to be destroyed, or was.

After the lock, so that a compaction that has seen no writer is seen by every writer to come. SQLSTATE 55P03:
no row's fault, the watch tries again with the present hour.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION monitoring_write_block(
    at timestamptz, hour text, version bigint, n int, first timestamptz, last timestamptz, numbers int[],
    sealed bytea) RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE block bigint;
BEGIN
    PERFORM set_config('sifang.system_purpose', 'watch', true), pg_advisory_xact_lock_shared(1375340034);
    {check}
    INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes, taken_from, taken_to,
                                         measures, body)
    VALUES (at, hour, version, n, first, last, numbers, sealed) RETURNING id INTO block;
    PERFORM pg_notify('sifang_fixes', block::text);
    RETURN block;
END $$;
"""
CHECK = """IF EXISTS (SELECT 1 FROM monitoring_journalhour h
               WHERE h.hour = monitoring_write_block.hour AND h.state = 'compacted') THEN
        RAISE EXCEPTION 'the hour is compacted' USING ERRCODE = '55P03';
    END IF;"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0017_past_in_order")]

    operations = [migrations.RunSQL(FUNCTION.format(check=CHECK), FUNCTION.format(check=""))]
