"""Rows by binary COPY: the payload is one numpy array in PostgreSQL's byte order, built without a loop."""
# ruff: noqa: ANN001, ANN201 (arrays everywhere)

import numpy as np

EPOCH_2000_S = 946_684_800
COLUMNS = (
    ("person", ">i4"), ("taken", ">i8"), ("lon", ">f8"), ("lat", ">f8"), ("accuracy_m", ">f4"),
    ("flags", ">i4"), ("speed_kmh", ">f4"), ("course_deg", ">f4"), ("altitude_m", ">f4"),
)  # fmt: skip
_ROW = np.dtype(
    [("fields", ">i2"), *(part for name, kind in COLUMNS for part in ((f"{name}_size", ">i4"), (name, kind)))]
)
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"


def payload(fixes):
    """Return the whole binary COPY of these fixes (FIX columns; person = measure)."""
    rows = np.zeros(len(fixes), _ROW)
    rows["fields"] = len(COLUMNS)
    for name, kind in COLUMNS:
        rows[f"{name}_size"] = np.dtype(kind).itemsize
    rows["person"] = fixes["measure"]
    rows["taken"] = (fixes["taken_s"] - EPOCH_2000_S) * 1_000_000
    for name in ("lon", "lat", "accuracy_m", "flags", "speed_kmh", "course_deg", "altitude_m"):
        rows[name] = fixes[name]
    return _HEAD + rows.tobytes() + _END


def copy(cursor, table, fixes):
    """Write these fixes into `table` within the running transaction."""
    names = ", ".join(name for name, _ in COLUMNS)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as into:
        into.write(payload(fixes))
