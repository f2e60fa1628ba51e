"""Searches everything an installation leaves on a disk for the bytes of a known position.

A `Canary` knows its position in every form in which software keeps one; `hits` looks for all of them, file by
file and, because PostgreSQL compresses what is long, row by row as text besides.
"""

import base64
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

PIECE = 8 << 20


@dataclass(frozen=True)
class Canary:
    """A position (WGS-84, degrees, six decimals) and a word that a frame carries."""

    lon: float
    lat: float
    word: bytes

    def forms(self, prefix: str = "") -> dict[str, bytes]:
        """Return name → bytes; four-byte numbers twice in a row, as 30 equal fixes would leave them."""
        found: dict[str, bytes] = {"word": self.word, "word, hex": self.word.hex().encode()}
        found["word, HEX"] = self.word.hex().upper().encode()
        for shift in range(3):  # wherever it begins within base64
            text = base64.b64encode(b"\0" * shift + self.word)
            found[f"word, base64 {shift}"] = text[4 if shift else 0 : -4]
        for name, value in (("lon", self.lon), ("lat", self.lat)):
            found[f"{name} float64 le"] = struct.pack("<d", value)
            found[f"{name} float64 be"] = struct.pack(">d", value)
            found[f"{name} float32 le"] = struct.pack("<f", value) * 2
            found[f"{name} float32 be"] = struct.pack(">f", value) * 2
            for unit in (6, 7):
                whole = round(value * 10**unit)
                for order, word in (("le", "<i"), ("be", ">i")):
                    packed = struct.pack(word, whole)
                    found[f"{name} 1e{unit} {order}"] = packed * 2
                    found[f"{name} 1e{unit} {order}, hex"] = (packed * 2).hex().encode()
                found[f"{name} 1e{unit} text"] = str(whole).encode()
            found[f"{name} decimal"] = f"{value:.5f}".encode()
            found[f"{name} decimal, as bcd"] = bytes.fromhex(f"{round(value * 1e6):010d}")
        wire = struct.pack(">II", round(self.lat * 1e6), round(self.lon * 1e6))  # as JT/T 808 writes it
        found |= {"wire": wire, "wire, hex": wire.hex().encode(), "wire, HEX": wire.hex().upper().encode()}
        return {prefix + name: form for name, form in found.items()}


def hits_in_files(forms: dict[str, bytes], roots: Iterable[Path]) -> list[tuple[str, Path]]:
    """Return which form was found in which file, under all roots."""
    longest = max(map(len, forms.values()))
    found = []
    for path in _files(roots):
        left = dict(forms)
        for piece in _pieces(path, longest):
            for name in [name for name, form in left.items() if form in piece]:
                found.append((name, path))
                del left[name]
    return found


def hits_in_rows(forms: dict[str, bytes], url: str, database: str) -> list[tuple[str, str]]:
    """Return which form was found in which table, every row written out as text (bytes as hex)."""
    texts = {name: form.decode() for name, form in forms.items() if form.isascii() and form.isalnum()}
    texts |= {name: form.decode() for name, form in forms.items() if "decimal" in name and form.isascii()}
    texts |= {f"{name} in bytea": form.hex() for name, form in forms.items()}
    found = []
    with psycopg.connect(url, dbname=database) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            for (row,) in connection.execute(query):
                found += [(name, f"{schema}.{table}") for name, text in texts.items() if text in row]
    return found


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from (one for one in sorted(root.rglob("*")) if one.is_file() and not one.is_symlink())


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            tail = b""
            while data := file.read(PIECE):
                yield tail + data
                tail = data[-overlap:]
    except FileNotFoundError:  # a file of the running server that is gone since
        return
