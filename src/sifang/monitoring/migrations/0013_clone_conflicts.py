"""Two contents for one second of a device: noted, and one question about the device at a time.

Officers see the conflicts of devices worn by persons they see; the watch and the jobs add them, nobody
changes or deletes one.
"""

import django.db.models.deletion
from django.db import migrations, models

import sifang.kernel.time

FORWARD = """
ALTER TABLE monitoring_deviceconflict ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_deviceconflict FORCE ROW LEVEL SECURITY;
CREATE POLICY migration_all ON monitoring_deviceconflict FOR ALL TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY officer_select ON monitoring_deviceconflict FOR SELECT TO sifang_app, sifang_reader
  USING (EXISTS (SELECT 1 FROM monitoring_binding b WHERE b.device_id = monitoring_deviceconflict.device_id));
CREATE POLICY watch_select ON monitoring_deviceconflict FOR SELECT TO sifang_watch
  USING ((SELECT sifang_system('watch')));
CREATE POLICY watch_insert ON monitoring_deviceconflict FOR INSERT TO sifang_watch
  WITH CHECK ((SELECT sifang_system('watch')));
CREATE POLICY jobs_select ON monitoring_deviceconflict FOR SELECT TO sifang_jobs
  USING (coalesce(sifang_context('system_purpose'), '') <> '');
CREATE POLICY jobs_insert ON monitoring_deviceconflict FOR INSERT TO sifang_jobs
  WITH CHECK (coalesce(sifang_context('system_purpose'), '') <> '');
CREATE TRIGGER deviceconflict_keep BEFORE UPDATE OR DELETE ON monitoring_deviceconflict
  FOR EACH ROW EXECUTE FUNCTION monitoring_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0012_retention"), ("people", "0006_orders_stand")]

    operations = [
        migrations.CreateModel(
            name="DeviceConflict",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("taken_at", models.DateTimeField(verbose_name="定位时间")),
                ("noticed_at", models.DateTimeField(default=sifang.kernel.time.utc_now, verbose_name="发现时间")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="conflicts", to="monitoring.device"
                    ),
                ),
            ],
            options={
                "verbose_name": "装置同秒异文",
                "constraints": [models.UniqueConstraint(fields=("device", "taken_at"), name="conflict_once")],
            },
        ),
        migrations.AddField(
            model_name="incident",
            name="device",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="incidents", to="monitoring.device"
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                choices=[
                    ("carrier", "运营商网络"), ("server", "本系统"), ("device", "设备"), ("clone", "装置疑似被复制"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                fields=["device"],
                condition=models.Q(("ended_at", None), ("kind", "clone")),
                name="one_clone_question",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "clone"), _negated=True), ("device__isnull", False), _connector="OR"),
                name="clone_names_device",
            ),
        ),
        migrations.RunSQL(FORWARD, "DROP TRIGGER deviceconflict_keep ON monitoring_deviceconflict;"),
    ]
