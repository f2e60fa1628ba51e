"""A fence may move to a newer line of its own area only, and only to one in force."""

from django.db import migrations

SQL = """
CREATE FUNCTION monitoring_fence_line_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM monitoring_boundaryline l JOIN monitoring_boundaryline o
                   ON o.area_code = l.area_code
                   WHERE l.id = NEW.line_id AND o.id = OLD.line_id AND l.replaced_at IS NULL) THEN
        PERFORM monitoring_refuse('电子围栏只能改用同一范围的现行界线', '社区矫正法27条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fence_line_check BEFORE UPDATE OF line_id ON monitoring_fence
    FOR EACH ROW WHEN (OLD.line_id IS DISTINCT FROM NEW.line_id)
    EXECUTE FUNCTION monitoring_fence_line_check();

-- source and error of a fence follow its line; without a new line they stay
CREATE TRIGGER fence_facts_stay BEFORE UPDATE ON monitoring_fence
    FOR EACH ROW WHEN (OLD.line_id IS NOT DISTINCT FROM NEW.line_id AND
        (OLD.source, OLD.source_date, OLD.boundary_m) IS DISTINCT FROM
        (NEW.source, NEW.source_date, NEW.boundary_m))
    EXECUTE FUNCTION monitoring_append_only();
"""

BACK = """
DROP TRIGGER fence_facts_stay ON monitoring_fence;
DROP TRIGGER fence_line_check ON monitoring_fence;
DROP FUNCTION monitoring_fence_line_check();
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0004_row_security")]

    operations = [migrations.RunSQL(SQL, BACK)]
