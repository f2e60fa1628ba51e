"""Canonical bytes of a record (RFC 8785), in the strict subset that the ledger uses.

Allowed are strings, integers within ±(2^53 − 1), booleans, null, lists and objects with string keys.
Floats are refused: no record needs one, and their text differs between languages.
"""

import json
from collections.abc import Mapping

from sifang.ledger.errors import NotCanonical

SAFE_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """Return the one UTF-8 text of `value`: keys in UTF-16 order, no spaces. Raises NotCanonical."""
    return _text(value).encode()


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, Mapping):
        return _object(value)
    raise NotCanonical(reason=f"类型 {type(value).__name__}")


def _integer(value: int) -> str:
    if abs(value) > SAFE_INTEGER:
        raise NotCanonical(reason="整数超出 2^53")
    return str(int(value))


def _string(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotCanonical(reason="字符串含孤立代理项") from None
    return json.dumps(str(value), ensure_ascii=False)


def _object(value: Mapping[object, object]) -> str:
    keys: list[str] = []
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(reason="键不是字符串")
        keys.append(key)
    pairs = [(_string(key), key) for key in keys]
    pairs.sort(key=lambda pair: pair[1].encode("utf-16-be"))
    return "{" + ",".join(f"{text}:{_text(value[key])}" for text, key in pairs) + "}"
