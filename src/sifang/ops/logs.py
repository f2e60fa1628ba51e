"""Structured logs: one JSON line an event in SIFANG_DATA/logs, without personal data.

What a room logs are fixed event names and ids. Texts of foreign exceptions are left out (a database
error quotes the row), their class and the lines they passed stay.
"""

import logging  # noqa: TID251 (the libraries' logs are led into structlog here)
import logging.handlers  # noqa: TID251
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from sifang.kernel.errors import SifangError
from sifang.kernel.log import get_logger
from sifang.ops.secret_files import private_folder

MOST_BYTES = 20_000_000
KEPT_FILES = 5

# Keys under which somebody might log a person; their values never reach the file.
PERSONAL = frozenset(
    ("name", "username", "phone", "address", "password", "lon", "lat", "position", "body", "id_number",
     "imei", "iccid", "query", "path", "request")
)  # fmt: skip


def configure(folder: Path, process: str, level: str = "info") -> None:
    """Send every log of this process to `folder`/<process>.jsonl."""
    private_folder(folder)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.handlers.RotatingFileHandler(
        folder / f"{process}.jsonl", maxBytes=MOST_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
    )
    (folder / f"{process}.jsonl").chmod(0o600)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_personal_data,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in (
        ("django.request", "ERROR"),
        ("procrastinate", "WARNING"),
        ("axes", "ERROR"),
        ("numba", "WARNING"),
    ):
        logging.getLogger(name).setLevel(quiet)
    sys.excepthook = _log_last_words


def without_personal_data(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take values of personal keys out, and reduce an exception to its class and its way."""
    if str(event.get("logger", "")).startswith("django"):
        event["event"] = "request_failed"  # Django's own text names the page, and with it the person
    for key in PERSONAL & event.keys():
        event[key] = "…"
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    event.pop("stack_info", None)
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """Return an exception without the text that others wrote into it."""
    way = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    about: dict[str, Any] = {"class": type(error).__name__, "way": way[-12:]}
    if isinstance(error, SifangError):
        about["code"] = error.code
    if error.__cause__ is not None:
        about["cause"] = describe(error.__cause__)
    return about


def _log_last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    get_logger("ops").critical("process_failed", exc_info=(kind, error, trace))
    at = traceback.extract_tb(trace)[-1] if trace else None
    sys.stderr.write(f"{kind.__name__}{f' at {Path(at.filename).name}:{at.lineno}' if at else ''}\n")
