"""What each room needs to be told at start: a frozen dataclass, declared by the room, given by `ops`.

A room writes `need(MapConfig)` where it uses a value; nobody below `ops` reads the environment.
"""

from typing import TypeVar

from sifang.kernel.errors import SifangError


class NotConfigured(SifangError):
    """程序启动时没有给出配置 {name}。"""

    code = "not_configured"


T = TypeVar("T")

_given: dict[type, object] = {}


def provide(value: object) -> None:
    """Give a room its configuration (an instance of the room's own dataclass); the last one given holds."""
    _given[type(value)] = value


def need(kind: type[T]) -> T:
    """Return the configuration of this class. Raises NotConfigured when `ops` gave none."""
    value = _given.get(kind)
    if not isinstance(value, kind):
        raise NotConfigured(name=kind.__qualname__)
    return value
