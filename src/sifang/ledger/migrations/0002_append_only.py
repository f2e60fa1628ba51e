"""The pending rows of the ledger are append-only (the later sequencer's role will take them by DELETE)."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION sifang_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger_pending 只能追加，不能修改或删除' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_pending
  FOR EACH ROW EXECUTE FUNCTION sifang_ledger_append_only();
ALTER TABLE ledger_pending ADD CONSTRAINT ledger_commitment_holds
  CHECK (length(salt) = 32 AND commitment = sha256(salt || record));
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_pending FROM sifang_app, sifang_watch, sifang_reader, sifang_jobs;
"""

BACK = """
ALTER TABLE ledger_pending DROP CONSTRAINT ledger_commitment_holds;
DROP TRIGGER ledger_append_only ON ledger_pending;
DROP FUNCTION sifang_ledger_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
