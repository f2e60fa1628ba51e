"""How much the bytes a fix depend on the data: the codec on other tracks than those of `storage.py`.

The days of `storage.py` rest most of the time and tell accuracy as HDOP times five metres, in steps of half a
metre. Here the same codec gets hours that are harder (a third of every hour on the way, nights too; accuracy
in tenths of a metre, drawn anew for each fix), and a real car: Google Smartphone Decimeter Challenge, 200 s
at 1 Hz, from the shared samples; its truth, which is smoother than what a device tells, without battery and
satellites.
"""
# ruff: noqa: ANN001, ANN201 (arrays everywhere)

import csv
from pathlib import Path

import numpy as np
from report import row

REAL = Path(__file__).resolve().parents[2] / "shared" / "samples" / "tracks" / "gsdc2022_truth_1hz.csv"
SEAL = 28  # nonce and tag


def body_bytes(fixes, keys):
    """Bytes of the sealed body of one chunk; what comes out of it must be what went in."""
    from sifang.monitoring.intake import chunk

    plain = chunk.encode(fixes, keys)
    again, _ = chunk.decode(plain)
    for name in ("taken_s", "lon", "lat", "accuracy_m", "speed_kmh", "course_deg", "altitude_m"):
        assert np.array_equal(again[name], fixes[name], equal_nan=True), name
    return len(plain) + SEAL


def hard_hour(seed):
    """An hour without rest, of a device whose accuracy has no memory."""
    from sifang.monitoring.intake.block import quantise
    from sifang.monitoring.intake.tests.city import an_hour

    fixes, keys = an_hour(seed, busy=1 / 3)
    noise = np.random.default_rng(seed).normal(1.8, 0.4, len(fixes))
    fixes["accuracy_m"] = np.rint(10 * np.exp(noise)) / 10
    quantise(fixes)
    return fixes, keys


def real_track():
    """The car's fixes as a JT/T 808 device would tell them."""
    from sifang.monitoring.intake.block import quantise
    from sifang.monitoring.intake.columns import F_LOCATED, FIX, NO_BATTERY, SOURCE_GNSS

    with REAL.open(encoding="utf-8") as lines:
        told = list(csv.DictReader(lines))
    fixes = np.zeros(len(told), FIX)

    def column(name):  # noqa: ANN202
        return np.array([float(line[name]) for line in told])

    fixes["device"], fixes["measure"], fixes["flags"] = -1, 1, F_LOCATED
    fixes["taken_s"] = column("UnixTimeMillis") // 1000
    fixes["received_s"] = fixes["taken_s"] + 1
    fixes["lon"] = np.rint(column("LongitudeDegrees") * 1e6) / 1e6
    fixes["lat"] = np.rint(column("LatitudeDegrees") * 1e6) / 1e6
    fixes["accuracy_m"], fixes["altitude_m"] = column("AccuracyMeters"), np.rint(column("AltitudeMeters"))
    fixes["speed_kmh"] = np.rint(36 * column("SpeedMps")) / 10
    fixes["course_deg"] = np.rint(column("BearingDegrees")) % 360
    fixes["source"], fixes["battery_pct"], fixes["verdict"] = SOURCE_GNSS, NO_BATTERY, 1
    quantise(fixes)
    return fixes, np.full(len(fixes), 77, np.uint64)


def other_tracks(rest, hours=240):
    """Rows of the table; `rest`: bytes a fix of rows, indexes and journal, as measured by `storage.py`."""
    alone = sum(body_bytes(*hard_hour(9_000_000 + k)) for k in range(hours)) / (360 * hours)
    words = f"{hours} person-hours, a third of each on the way, accuracy in tenths of a metre without memory;"
    words += f" bodies alone {alone:.2f}, everything else {rest:.2f} as in the row above"
    rows = [row("bytes per stored fix, harder hours", round(alone + rest, 2), "B", detail=words)]
    if REAL.is_file():
        fixes, keys = real_track()
        figure = round(body_bytes(fixes, keys) / len(fixes), 2)
        words = f"{len(fixes)} fixes at 1 Hz in one chunk, the survey's truth, no battery, no satellites"
        rows.append(row("bytes per fix of a real car's track, body alone", figure, "B", detail=words))
    return rows
