"""The live map's hub reads the journal (system purpose `live` of role reader); tracks are found by measure."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0005_lines_stay_in_their_area"), ("people", "0004_live_purpose")]

    operations = [
        migrations.RunSQL(
            "CREATE POLICY live_select ON monitoring_journalblock FOR SELECT TO sifang_reader"
            " USING ((SELECT sifang_system('live')))",
            "DROP POLICY live_select ON monitoring_journalblock",
        ),
        migrations.AddIndex(
            model_name="journalblock",
            index=django.contrib.postgres.indexes.GinIndex(fields=["measures"], name="journal_by_measure"),
        ),
    ]
