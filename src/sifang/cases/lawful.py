"""Turn the database's own refusals into the words it gives them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from sifang.kernel.errors import BeyondPower, Refused

OWNER = re.compile(r"此项权限属于(?P<owner>[^（]+)（(?P<article>[^）]+)）")


class AgainstTheLaw(Refused):
    """{reason}"""

    code = "against_the_law"


@contextmanager
def lawfully() -> Iterator[None]:
    """Run in a savepoint; a check of the database becomes BeyondPower or AgainstTheLaw, in its own words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        detail = getattr(error.__cause__, "diag", None)
        words = str(getattr(detail, "message_primary", "") or "") if detail else ""
        if getattr(detail, "sqlstate", "") != "23514" or not words:
            raise
        owner = OWNER.search(words)
        if owner:
            raise BeyondPower(owner=owner["owner"], article=owner["article"]) from error
        raise AgainstTheLaw(reason=words + "。") from error
