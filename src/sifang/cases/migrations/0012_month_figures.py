"""Figures of a month by area; a committee office reads those of its own area that are 10 or more (E25)."""

import sifang.kernel.ids
import sifang.kernel.time
from django.db import migrations, models

FORWARD = """
-- the area of a committee office whose staff signed in; null for everybody else
CREATE FUNCTION sifang_committee_area() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN a.level = 'city' THEN left(a.area_code, 4) ELSE a.area_code END
  FROM people_officer o JOIN people_agency a ON a.id = o.agency_id
  WHERE o.id = sifang_officer() AND a.kind = 'committee_office' AND sifang_holds('{committee_staff}') $$;

ALTER TABLE cases_monthfigure ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_monthfigure FORCE ROW LEVEL SECURITY;
CREATE POLICY committee_reads ON cases_monthfigure FOR SELECT TO sifang_app USING (
  n >= 10 AND area_code LIKE (SELECT sifang_committee_area()) || '%');
CREATE POLICY jobs ON cases_monthfigure TO sifang_jobs
  USING ((SELECT sifang_job())) WITH CHECK ((SELECT sifang_job()));
CREATE POLICY migration ON cases_monthfigure TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
"""
BACK = "DROP FUNCTION sifang_committee_area() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_taken_over")]

    operations = [
        migrations.CreateModel(
            name="MonthFigure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("area_code", models.CharField(max_length=6, verbose_name="行政区划代码")),
                ("month", models.DateField(help_text="当月第一日", verbose_name="月份")),
                (
                    "key",
                    models.CharField(
                        help_text="register, received, ended, away, measured, late",
                        max_length=12,
                        verbose_name="指标",
                    ),
                ),
                ("n", models.PositiveIntegerField(verbose_name="数")),
                (
                    "counted_at",
                    models.DateTimeField(default=sifang.kernel.time.utc_now, verbose_name="统计时间"),
                ),
            ],
            options={"verbose_name": "月度统计"},
        ),
        migrations.AddConstraint(
            model_name="monthfigure",
            constraint=models.UniqueConstraint(
                fields=("area_code", "month", "key"), name="one_figure_a_month"
            ),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
