"""How an `after` event becomes a job: written in the act's own transaction, ids and facts only.

The handler's dotted name and the event's fields travel as JSON; the worker makes the same frozen
dataclass again.
"""

import dataclasses
import enum
import importlib
import typing
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sifang.kernel.errors import SifangError
from sifang.kernel.events import after_handler


class NotQueueable(SifangError):
    """事件 {event} 的字段 {field} 不能放入任务队列。"""

    code = "not_queueable"


_PLAIN = (str, int, float, bool, type(None))


def pack(event: object) -> dict[str, Any]:
    """Return an event (a dataclass instance) as JSON values. Raises NotQueueable."""
    kind = type(event)
    values = {
        field.name: _pack_value(kind.__qualname__, field.name, getattr(event, field.name))
        for field in dataclasses.fields(typing.cast("Any", event))  # noqa: TID251 (a dataclass instance)
    }
    return {"module": kind.__module__, "kind": kind.__qualname__, "values": values}


def _pack_value(kind: str, name: str, value: object) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_pack_value(kind, name, one) for one in value]
    raise NotQueueable(event=kind, field=name)


def unpack(packed: dict[str, Any]) -> object:
    """Return the event that `pack` was given."""
    kind = getattr(importlib.import_module(packed["module"]), packed["kind"])
    hints = typing.get_type_hints(kind)
    return kind(**{name: _unpack_value(hints[name], value) for name, value in packed["values"].items()})


_READ: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _unpack_value(hint: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return None
    if origin in {tuple, list}:
        return origin(_unpack_value(inner[0], one) for one in value)
    if origin is not None:  # a union with None
        hint = next(one for one in inner if one is not type(None))
    if hint in _READ:
        return _READ[hint](value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    return value


def run(handler: str, packed: dict[str, Any]) -> None:
    """Run one `after` handler for one event, as the worker does. Raises what the handler raises."""
    importlib.import_module(handler.rpartition(".")[0])
    after_handler(handler)(unpack(packed))
