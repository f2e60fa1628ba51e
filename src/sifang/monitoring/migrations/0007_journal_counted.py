"""`sifang status` counts what was acknowledged: the owner's counting function sees the journal's rows.

What it sees are numbers and ciphertext; the keys are outside PostgreSQL.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0006_live_reads")]

    operations = [
        migrations.RunSQL(
            "CREATE POLICY count_select ON monitoring_journalblock FOR SELECT TO sifang_owner"
            " USING ((SELECT sifang_system('migration')))",
            "DROP POLICY count_select ON monitoring_journalblock",
        ),
    ]
