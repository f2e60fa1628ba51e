"""Bodies of locations decoded at once, for what the connections hand over one message at a time.

The compiled decoder takes the ordinary ones; the others are left to the pure decoder, the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.columns import location_row
from sifang.gateways.jt808.kernels import bytes_t, places_t, read_location_row, room_t, rows_t
from sifang.gateways.jt808.messages.location import read_location
from sifang.monitoring.intake.columns import F_REPLAYED, FIX
from sifang.monitoring.intake.fixes import BadFrame

CAPACITY = 4096  # bodies in one call of the kernel
MASKS = np.dtype([("strap", "<u4"), ("sos", "<u4"), ("low_battery", "<u4"), ("strap_status", "<u4")])
_masks_t = nb.types.Array(nb.from_dtype(MASKS), 1, "C")


@nb.njit(nb.void(bytes_t, places_t, rows_t, _masks_t, room_t), cache=True, nogil=True)
def _read_all(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    rows: NDArray[np.void],
    masks: NDArray[np.void],
    done: NDArray[np.uint8],
) -> None:
    """Fill the rows of bodies that lie one behind the other; body i ends before `ends[i]`."""
    at = 0
    for row in range(min(len(ends), len(rows), len(masks), len(done))):
        end = ends[row]
        if end > len(data) or end < at:
            return
        m = masks[row]
        is_read = read_location_row(data, at, end, rows, row, m.strap, m.sos, m.low_battery, m.strap_status)
        done[row] = 1 if is_read else 0
        at = end


@dataclass(frozen=True, slots=True)
class Told:
    """One location's body, and who told it."""

    body: bytes
    device: int
    card: Card
    replayed: bool = False


def columns_of_bodies(
    told: Sequence[Told], received_s: int
) -> tuple[NDArray[np.void], NDArray[np.bool_], list[tuple[int, BadFrame]]]:
    """Return the rows of all bodies, which of them are good, and what is wrong with the others."""
    rows = np.zeros(len(told), FIX)
    good = np.ones(len(told), np.bool_)
    wrong: list[tuple[int, BadFrame]] = []
    for start in range(0, len(told), CAPACITY):
        part = told[start : start + CAPACITY]
        done = _kernel(part, rows[start : start + CAPACITY], received_s)
        for number in np.flatnonzero(done == 0).tolist():
            one = part[number]
            try:
                location = read_location(one.body, replayed=one.replayed)
                rows[start + number] = location_row(location, one.card, one.device, received_s)
            except BadFrame as error:
                good[start + number] = False
                wrong.append((start + number, error))
    return rows, good, wrong


def _kernel(part: Sequence[Told], rows: NDArray[np.void], received_s: int) -> NDArray[np.uint8]:
    rows["device"] = [one.device for one in part]
    rows["measure"] = -1
    rows["received_s"] = received_s
    rows["accuracy_m"] = np.nan
    rows["flags"] = [F_REPLAYED if one.replayed else 0 for one in part]
    cards = [(c.strap, c.sos, c.low_battery, c.strap_status) for c in (one.card for one in part)]
    done = np.zeros(len(part), np.uint8)
    _read_all(
        np.frombuffer(b"".join(one.body for one in part), np.uint8),
        np.cumsum([len(one.body) for one in part], dtype=np.int64),
        rows,
        np.array(cards, MASKS),
        done,
    )
    return done
