"""What the pages keep for themselves: passkeys of accounts."""

from django.db import models

from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.people.models import Officer


class Passkey(models.Model):
    """A public key registered by an account; the private one never leaves the account's device."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="passkeys")
    credential_id = models.BinaryField(unique=True, max_length=1024)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField("登记时间", default=utc_now)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    class Meta:
        verbose_name = "通行密钥"
