"""A tick undone leaves the engine as it was, bit for bit; others keep what they got."""

import numpy as np
import pytest

from sifang.monitoring.engine.engine import Engine
from sifang.monitoring.engine.specs import FenceSpec, MeasureSpec
from sifang.monitoring.intake.columns import F_LOCATED, FIX

RING = np.array([[117.0, 36.6, 10.0], [117.1, 36.6, 10.0], [117.05, 36.7, 10.0], [117.0, 36.6, 10.0]])


def fixes(measure, start, n=20, lon=117.2):
    some = np.zeros(n, FIX)
    some["measure"], some["flags"], some["accuracy_m"] = measure, F_LOCATED, 10
    some["taken_s"] = some["received_s"] = start + 10 * np.arange(n)
    some["lon"], some["lat"] = lon, 36.65
    return some


@pytest.mark.parametrize("n", [1, 20, 40])
def test_a_tick_undone_leaves_no_trace(n):
    engine = Engine()
    engine.load(
        [MeasureSpec(m, 0, 1 << 40) for m in (1, 2, 3)],
        [FenceSpec(10 * m + k, m, "boundary", "inside", [RING]) for m in (1, 2, 3) for k in (0, 1)],
    )
    engine.step(fixes(1, 1000, 40))  # more than the evaluations kept
    before = engine.state()
    saved = engine.save([1, 3, 9], n)
    engine.step(np.concatenate([fixes(m, 5000, n) for m in (1, 2, 3)]))
    assert engine.state()["measures"].tobytes() != before["measures"].tobytes()
    engine.put_back(saved)
    after = engine.state()
    untouched = after["measure_numbers"] != 2
    assert after["measures"][untouched].tobytes() == before["measures"][untouched].tobytes()
    for name in ("fences", "nodes", "evaluations"):
        kept = ~np.isin(after["fence_numbers"], [20, 21])
        assert after[name][kept].tobytes() == before[name][kept].tobytes()
        assert after[name][~kept].tobytes() != before[name][~kept].tobytes()
