"""Rows that wait for the sequencer: salted commitments of what was done."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now


class LedgerPending(models.Model):
    """One act or alarm, canonical and salted; unnumbered until the sequencer takes it (DESIGN § 8)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    record = models.BinaryField(help_text="canonical bytes (RFC 8785 order, UTF-8)")
    salt = models.BinaryField(help_text="32 random bytes")
    commitment = models.BinaryField(help_text="SHA-256 over salt and record")
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        db_table = "ledger_pending"
        verbose_name = "待编号记录"
