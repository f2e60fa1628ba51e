"""What a part swallowed at its edge: exceptions that only a log would tell, as findings for the fuzzing.

Gateways and tick go on when one connection fails, as they must; a fuzzer that looks only at what comes out
would be blind there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog


@contextmanager
def noticed(broken: list[str]) -> Iterator[None]:
    """Within, every logged exception is added to `broken`."""

    def note(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        if method == "exception" or event.get("exc_info"):
            error = sys.exc_info()[1]
            broken.append(f"{event.get('event')}: {type(error).__name__}: {error}"[:300])
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[note], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
