"""Nobody is put under a measure or a clause by an order that the county has not received (E1)."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION monitoring_order_received() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM people_order WHERE id = NEW.order_id AND received_on IS NULL) THEN
        PERFORM monitoring_refuse('决定尚未接收登记，不得监督管理', '社区矫正法22条');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_received BEFORE INSERT ON monitoring_measure
    FOR EACH ROW EXECUTE FUNCTION monitoring_order_received();
CREATE TRIGGER order_received BEFORE INSERT ON monitoring_clause
    FOR EACH ROW EXECUTE FUNCTION monitoring_order_received();
"""
BACK = """
DROP TRIGGER order_received ON monitoring_clause;
DROP TRIGGER order_received ON monitoring_measure;
DROP FUNCTION monitoring_order_received();
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0020_not_by_share"), ("people", "0011_handover")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
