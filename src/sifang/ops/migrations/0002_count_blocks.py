"""Let the owner, under the purpose `migration`, count the journal's blocks (their bodies are encrypted)."""

from django.db import migrations

MAKE = """
CREATE POLICY counted ON monitoring_journalblock FOR SELECT TO sifang_owner
  USING ((SELECT sifang_system('migration')));
"""


class Migration(migrations.Migration):
    dependencies = [("ops", "0001_counts"), ("monitoring", "0006_live_reads")]
    operations = [migrations.RunSQL(MAKE, "DROP POLICY counted ON monitoring_journalblock;")]
