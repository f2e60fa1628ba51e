"""Which characters the packaged fonts can draw. The parts are described in the README beside this file."""

import struct
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def drawable() -> frozenset[int]:
    """Return the code points that at least one packaged font draws."""
    return frozenset().union(*(_of_font(path.read_bytes()) for path in sorted(FOLDER.glob("*.otf"))))


def undrawable(text: str) -> list[str]:
    """Return the characters of `text`, each once, that no packaged font draws; line ends do not count."""
    known = drawable()
    return [one for one in dict.fromkeys(text) if ord(one) not in known and one not in "\n\r\t"]


def _of_font(raw: bytes) -> set[int]:
    """Read the character maps of one OpenType font."""
    tables = struct.unpack_from(">H", raw, 4)[0]
    for place in range(12, 12 + 16 * tables, 16):
        tag, _, base, _ = struct.unpack_from(">4sLLL", raw, place)
        if tag == b"cmap":
            count = struct.unpack_from(">H", raw, base + 2)[0]
            starts = {base + struct.unpack_from(">L", raw, base + 8 + 8 * one)[0] for one in range(count)}
            return set().union(*(_of_map(raw, start) for start in starts))
    return set()


def _of_map(raw: bytes, start: int) -> set[int]:
    """Read format 12 (groups) or 4 (segments); our cut fonts leave no hole within a segment."""
    found: set[int] = set()
    match struct.unpack_from(">H", raw, start)[0]:
        case 12:
            for group in range(struct.unpack_from(">L", raw, start + 12)[0]):
                first, last, _ = struct.unpack_from(">LLL", raw, start + 16 + 12 * group)
                found.update(range(first, last + 1))
        case 4:
            segments = struct.unpack_from(">H", raw, start + 6)[0] // 2
            lasts = struct.unpack_from(f">{segments}H", raw, start + 14)
            firsts = struct.unpack_from(f">{segments}H", raw, start + 16 + 2 * segments)
            for first, last in zip(firsts, lasts, strict=True):
                found.update(range(first, last + 1))
            found.discard(0xFFFF)
    return found
