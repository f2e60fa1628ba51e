"""Turns a piece of a track into rows of the tape: text, one spelling for a value, empty where not given."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sifang.monitoring.intake.columns import (
    F_ASSUMED,
    F_LATE,
    F_REPLAYED,
    F_STRAP_KNOWN,
    F_STRAP_OPEN,
    NO_BATTERY,
)
from sifang.monitoring.intake.identity import fill_digests
from sifang.monitoring.intake.track import Piece, Source

SOURCES = ("unknown", "gnss", "wifi", "cell")
VERDICTS = ("none", "inside", "outside", "unknown")
NOT_GIVEN = 255  # satellites


def name_of(source: Source) -> str:
    """Return how a row names the place it is kept: `block 812`, `chunk 5 2026112302`."""
    return f"chunk {source.measure} {source.hour}" if source.block is None else f"block {source.block}"


def hexadecimal(number: int) -> str:
    """Return 64 bits as text that no spreadsheet takes for a number (nor for one with an exponent)."""
    return f"0x{number:016x}"


def rows_of(piece: Piece, digest_key: bytes) -> Iterator[list[str]]:
    """Yield the values of each fix, in the order of `tape.COLUMNS`."""
    fixes = np.ascontiguousarray(piece.fixes).copy()
    fill_digests(fixes, digest_key)
    flags = fixes["flags"]
    places = [name_of(source) for source in piece.sources]
    columns: list[list[str]] = [
        _times(fixes["taken_s"]),
        _times(fixes["received_s"]),
        _floats(fixes["lon"], "{:.7f}".format),
        _floats(fixes["lat"], "{:.7f}".format),
        _floats(fixes["accuracy_m"], _shortest),
        _bits(flags, F_ASSUMED),
        _floats(fixes["altitude_m"], "{:.0f}".format),
        _floats(fixes["speed_kmh"], "{:.1f}".format),
        _floats(fixes["course_deg"], "{:.1f}".format),
        ["" if n == NOT_GIVEN else str(n) for n in fixes["satellites"].tolist()],
        [_word(SOURCES, n) for n in fixes["source"].tolist()],
        ["" if n == NO_BATTERY else str(n) for n in fixes["battery_pct"].tolist()],
        [_strap(n) for n in flags.tolist()],
        _bits(flags, F_LATE),
        _bits(flags, F_REPLAYED),
        [_word(VERDICTS, n) for n in fixes["verdict"].tolist()],
        [str(n) for n in fixes["measure"].tolist()],
        [hexadecimal(n) for n in piece.device_keys.tolist()],
        [hexadecimal(n) for n in fixes["digest"].tolist()],
        [places[n] for n in piece.source.tolist()],
    ]
    return map(list, zip(*columns, strict=True))


def _times(seconds: NDArray[Any]) -> list[str]:
    return [f"{one}Z" for one in np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()]


def _floats(values: NDArray[Any], text: Callable[[float], str]) -> list[str]:
    return [text(one) if abs(one) < np.inf else "" for one in values.tolist()]  # NaN is not smaller either


def _shortest(value: float) -> str:
    """A 32-bit number as the shortest decimal text that is it."""
    return np.format_float_positional(np.float32(value), trim="-")


def _bits(flags: NDArray[Any], bit: int) -> list[str]:
    return ["1" if one & bit else "0" for one in flags.tolist()]


def _word(words: tuple[str, ...], n: int) -> str:
    return words[n] if n < len(words) else str(n)


def _strap(flags: int) -> str:
    if not flags & F_STRAP_KNOWN:
        return "unknown"
    return "open" if flags & F_STRAP_OPEN else "closed"
