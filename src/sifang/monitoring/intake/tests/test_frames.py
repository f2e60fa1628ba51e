"""Bytes of refused frames are kept for devices under a live measure, and for no one else."""

import uuid

import numpy as np
import pytest

from sifang.monitoring.intake.admission import Admission, DeviceRow, Window
from sifang.monitoring.intake.checks import ACCEPTED, FUTURE
from sifang.monitoring.intake.columns import FIX
from sifang.monitoring.intake.frames import RefusedFrames

NOW = 1_795_000_000


@pytest.fixture
def admission():
    found = Admission()
    rows = [
        DeviceRow(uuid.uuid4(), "100", "jt808", windows=(Window(7, NOW - 9000, NOW + 9000),)),
        DeviceRow(uuid.uuid4(), "200", "jt808", windows=(Window(8, NOW - 9000, NOW - 1),)),
        DeviceRow(uuid.uuid4(), "300", "jt808"),
    ]
    found.load(rows, 1, NOW - 100)
    return found


def fixes(*rows):
    made = np.zeros(len(rows), FIX)
    for k, (device, taken) in enumerate(rows):
        made["device"][k], made["taken_s"][k] = device, taken
    return made


@pytest.mark.parametrize(("device", "kept"), [(0, True), (1, False), (2, False), (9, False), (-1, False)])
def test_only_the_frames_of_a_device_under_a_live_measure_are_kept(admission, device, kept):
    frames = RefusedFrames(admission)
    frames.keep(device, "bad_position", "jt808", b"bytes", NOW)
    assert bool(frames._waiting) is kept


def test_a_measure_that_ended_by_the_clock_keeps_nothing(admission):
    frames = RefusedFrames(admission)
    assert frames.measure_at(0, NOW + 8999) == 7
    assert frames.measure_at(0, NOW + 9000) is None


def test_each_refused_row_finds_its_own_bytes_in_whatever_order_it_was_judged(admission):
    frames = RefusedFrames(admission)
    one = fixes((0, NOW + 500), (1, NOW), (0, NOW - 30), (0, NOW + 400))
    two = fixes((0, NOW + 300), (2, NOW))
    frames.begin_tick([one, two], [lambda row: b"one%d" % row, lambda row: b"two%d" % row])
    judged = fixes((0, NOW - 30), (0, NOW + 400), (0, NOW + 500), (0, NOW + 300))  # in time order, device 0
    frames.refused(judged, np.array([ACCEPTED, FUTURE, FUTURE, FUTURE], np.uint8), NOW)
    assert [kept for _, kept in frames._waiting] == [b"one3", b"one0", b"two0"]


def test_a_submission_without_bytes_keeps_nothing(admission):
    frames = RefusedFrames(admission)
    one, two = fixes((0, NOW + 500)), fixes((0, NOW + 600))
    frames.begin_tick([one, two], [None, lambda _row: b"two"])
    frames.refused(fixes((0, NOW + 500), (0, NOW + 600)), np.array([FUTURE, FUTURE], np.uint8), NOW)
    assert [kept for _, kept in frames._waiting] == [b"two"]
