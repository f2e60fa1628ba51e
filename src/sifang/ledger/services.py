"""The one way into the ledger: `record`, in the transaction of the act it records."""

import hashlib
import os
from collections.abc import Mapping

from django.db import connections

from sifang.ledger.canonical import canonical
from sifang.ledger.errors import NoTransaction
from sifang.ledger.models import LedgerPending

SALT_BYTES = 32


def record(kind: str, record: Mapping[str, object], *, using: str = "default") -> LedgerPending:
    """Write one act, salted and unnumbered, into the caller's transaction; return the row.

    `record` holds ids, instants as text and digests, never names or positions; see `canonical` for the
    types allowed. Raises NoTransaction outside a transaction, NotCanonical for a value without one text.
    """
    if not connections[using].in_atomic_block:
        raise NoTransaction
    content = canonical({"kind": kind, "record": record})
    salt = os.urandom(SALT_BYTES)
    return LedgerPending.objects.using(using).create(
        kind=kind, record=content, salt=salt, commitment=commitment(salt, content)
    )


def commitment(salt: bytes, content: bytes) -> bytes:
    """Return what may be published about a record: SHA-256 over its salt and its canonical bytes."""
    return hashlib.sha256(salt + content).digest()
