"""A tick in one round trip: the function that the watch calls, as itself, to write a journal block.

It runs with the rights of its caller and under row security: nothing is allowed by it that was not before.
The lock is the one of `intake/store.py` (WRITING), shared by each tick.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION monitoring_write_block(
    at timestamptz, hour text, version bigint, n int, first timestamptz, last timestamptz, numbers int[],
    sealed bytea) RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE block bigint;
BEGIN
    PERFORM set_config('sifang.system_purpose', 'watch', true), pg_advisory_xact_lock_shared(1375340034);
    INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes, taken_from, taken_to,
                                         measures, body)
    VALUES (at, hour, version, n, first, last, numbers, sealed) RETURNING id INTO block;
    PERFORM pg_notify('sifang_fixes', block::text);
    RETURN block;
END $$;
REVOKE EXECUTE ON FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, int[], bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, int[], bytea)
    TO sifang_watch;
"""
BACK = """
DROP FUNCTION
    monitoring_write_block(timestamptz, text, bigint, int, timestamptz, timestamptz, int[], bytea);
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0015_track_exports")]

    operations = [migrations.RunSQL(FUNCTION, BACK)]
