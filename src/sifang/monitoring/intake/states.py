"""The engine's state of one measure by the hour, encrypted: from where the late job replays a person.

`StateKeeper` belongs to the worker thread and writes a slice of measures between two ticks, so that no tick
waits for the whole city. The 32 evaluations a fence keeps for its evidence are left out (nine tenths of the
bytes): a replay makes them anew.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connections, transaction
from numpy.typing import NDArray

from sifang.monitoring.engine.constants import EVIDENCE_KEPT, NODES
from sifang.monitoring.engine.layout import EVALUATION, FENCE_STATE, MEASURE_STATE
from sifang.monitoring.intake.errors import BlockDamaged, KeyMissing
from sifang.monitoring.intake.keystore import KeyStore

FORM = 1  # raised when the bytes below, or the arrays of the engine, change their meaning
SLICE = 200  # measures written between two ticks, at most
BUDGET_S = 0.03  # … and how long that may take: a measure's first key costs two fsyncs
_NONCE = 12
_ARRAYS = {"measures": MEASURE_STATE, "fences": FENCE_STATE}
State = Mapping[str, NDArray[Any]]


def packed(state: State) -> bytes:
    """Return the plaintext of what `Engine.save` gave for one measure."""
    head = {
        "form": FORM,
        "sizes": [MEASURE_STATE.itemsize, FENCE_STATE.itemsize, NODES],
        "measures": state["measure_numbers"].tolist(),
        "fences": state["fence_numbers"].tolist(),
    }
    parts = [np.ascontiguousarray(state[name]).tobytes() for name in ("measures", "fences", "nodes")]
    return zlib.compress(json.dumps(head).encode() + b"\n" + b"".join(parts), 1)


def unpacked(plain: bytes) -> dict[str, NDArray[Any]] | None:
    """Return the state for `Engine.put_back`; None when another form of the engine wrote it."""
    head_bytes, _, rest = zlib.decompress(plain).partition(b"\n")
    head = json.loads(head_bytes)
    if head["form"] != FORM or head["sizes"] != [MEASURE_STATE.itemsize, FENCE_STATE.itemsize, NODES]:
        return None
    counts = {"measures": len(head["measures"]), "fences": len(head["fences"])}
    found: dict[str, NDArray[Any]] = {}
    at = 0
    for name, dtype in _ARRAYS.items():
        found[name] = np.frombuffer(rest, dtype, counts[name], at).copy()
        at += counts[name] * dtype.itemsize
    n = counts["fences"]
    found["nodes"] = np.frombuffer(rest, "<f8", n * NODES, at).reshape(n, NODES).copy()
    found["fences"]["kept"] = 0
    found["slots"] = np.tile(np.arange(EVIDENCE_KEPT), (n, 1))
    found["evaluations"] = np.zeros((n, EVIDENCE_KEPT), EVALUATION)
    found["measure_numbers"] = np.array(head["measures"], "<i8")
    found["fence_numbers"] = np.array(head["fences"], "<i8")
    return found


def seal(plain: bytes, key: bytes, measure: int, taken_to: int) -> bytes:
    """Return nonce and ciphertext, bound to the measure's number and the state's newest second."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound(measure, taken_to))


def open_sealed(body: bytes, key: bytes, measure: int, taken_to: int) -> bytes:
    """Return the plaintext. Raises BlockDamaged when body, key or measure is not the one sealed."""
    try:
        return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], _bound(measure, taken_to))
    except (InvalidTag, ValueError):
        raise BlockDamaged from None


def _bound(measure: int, taken_to: int) -> bytes:
    return f"sifang.engine_state.{FORM}|{measure}|{taken_to}".encode()


class StateKeeper:
    """Writes each measure's state once an hour, a slice at a time."""

    def __init__(
        self, keys: KeyStore, save: Callable[[Sequence[int]], State], using: str = "default"
    ) -> None:
        self._keys, self._save, self._using = keys, save, using
        self._hour = -1
        self._left: list[int] = []

    def keep(self, now_s: int, measures: Mapping[int, object]) -> int:
        """Write the next slice of this hour; returns how many. `measures`: number → id of the live ones.

        To be called about once a second in the worker thread. What the database refuses comes again.
        """
        hour = now_s // 3600
        if hour != self._hour:
            self._hour, self._left = hour, sorted(measures)
        if not self._left:
            return 0
        rows: list[tuple[Any, ...]] = []
        begun, done = time.monotonic(), 0
        for number in self._left[:SLICE]:
            done += 1
            state = self._save([number])
            if number in measures and len(state["measures"]):  # else it has not begun or is over
                rows.extend(self._row(number, measures[number], state))
            if time.monotonic() - begun > BUDGET_S:
                break
        self._write(rows)
        del self._left[:done]
        return len(rows)

    def _row(self, number: int, measure: object, state: State) -> list[tuple[Any, ...]]:
        taken_to = int(state["measures"]["taken_s"][0])
        try:
            key = self._keys.measure_key(number)
        except KeyMissing:  # destroyed: nothing may be kept of this measure any more
            return []
        hour = datetime.fromtimestamp(self._hour * 3600, UTC)
        return [(measure, hour, taken_to, seal(packed(state), key, number, taken_to))]

    def _write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with transaction.atomic(self._using), connections[self._using].cursor() as cursor:
            cursor.execute("SELECT set_config('sifang.system_purpose', 'watch', true)")
            cursor.executemany(
                "INSERT INTO monitoring_enginestate (measure_id, hour, merged, taken_to, body, written_at)"
                " VALUES (%s, %s, false, %s, %s, clock_timestamp()) ON CONFLICT DO NOTHING",
                rows,
            )
