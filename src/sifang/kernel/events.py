"""Two kinds of event: what runs within the act's transaction, and what runs after it as a job.

A lower room publishes a frozen dataclass; upper rooms subscribe. `within` handlers run at once, in the
caller's transaction: if one fails, the act fails. `after` handlers run later as jobs: retried, and when
they finally fail, a human sees an alarm. How a job is queued (in the same transaction) is given by `ops`
through `set_deferrer`, so that this module knows no queue.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol


class Deferrer(Protocol):
    """Queues one `after` handler for one event, inside the running transaction."""

    def __call__(self, handler: str, event: object) -> None: ...


Handler = Callable[[Any], None]

_within: dict[type, list[Handler]] = defaultdict(list)
_after: dict[type, list[Handler]] = defaultdict(list)
_named: dict[str, Handler] = {}
_unheard: set[type] = set()
_deferrer: list[Deferrer] = []


def within(event_type: type) -> Callable[[Handler], Handler]:
    """Subscribe a handler that runs in the act's transaction (database only)."""

    def subscribe(handler: Handler) -> Handler:
        if handler not in _within[event_type]:
            _within[event_type].append(handler)
        return handler

    return subscribe


def after(event_type: type) -> Callable[[Handler], Handler]:
    """Subscribe a handler that runs as a job once the act has committed."""

    def subscribe(handler: Handler) -> Handler:
        name = f"{handler.__module__}.{handler.__qualname__}"
        if name not in _named:
            _named[name] = handler
            _after[event_type].append(handler)
        return handler

    return subscribe


def unheard(event_type: type) -> type:
    """Mark an event that nobody hears yet, on purpose; a test refuses unmarked ones."""
    _unheard.add(event_type)
    return event_type


def publish(event: object) -> None:
    """Run the `within` handlers of this event and queue its `after` handlers."""
    for handler in _within[type(event)]:
        handler(event)
    for handler in _after[type(event)]:
        _deferrer[-1](f"{handler.__module__}.{handler.__qualname__}", event)


def set_deferrer(deferrer: Deferrer) -> None:
    """Say how `after` handlers are queued (`ops` does, once per process)."""
    _deferrer[:] = [deferrer]


def after_handler(name: str) -> Handler:
    """Return the `after` handler of this dotted name (the job worker asks). Raises KeyError."""
    return _named[name]


def is_heard(event_type: type) -> bool:
    """Whether somebody subscribes to this event, or it is marked unheard."""
    return bool(_within[event_type] or _after[event_type]) or event_type in _unheard
