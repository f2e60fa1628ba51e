"""The watch may ask about the past: what a device tells hours after, in order; never about the present."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION monitoring_alarm_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.past IS DISTINCT FROM OLD.past THEN
        PERFORM monitoring_refuse('报警的事实不得改动', '社区矫正法29条');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.past AND {watch} THEN
        PERFORM monitoring_refuse('补传定位不得生成实时报警', '社区矫正法29条');
    END IF;
    RETURN NEW;
END $$;
"""
OF_THE_PAST = "NEW.rank = 3 AND NEW.ended_at IS NOT NULL AND NEW.began_at < NEW.raised_at - interval '10 minutes'"


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0016_write_block")]

    operations = [
        migrations.RunSQL(
            FUNCTION.format(watch=f"sifang_system('watch') AND NOT COALESCE({OF_THE_PAST}, false)"),
            FUNCTION.format(watch="sifang_system('watch')"),
        ),
    ]
