"""The dead-man speaks within 60 s whatever hangs, not in a quiet night, and restarts only what hangs."""

import pytest

from sifang.ops.deadman import KILL_AGAIN_S, Deadman, Sight

PID = 4711


class Scene:
    """A watch that works, seen each second; a test breaks a part of it."""

    def __init__(self):
        self.now, self.pid, self.beat = 1000.0, PID, 0
        self.broken = set()
        self.answered, self.oldest_s, self.is_crowded = 0, 0.0, False
        self.database_lost_s = 0.0
        self.probe_ok = self.database_ok = None
        self.deadman = Deadman()
        self.findings = []

    def run(self, seconds):
        for _ in range(seconds):
            self.now += 1
            self.second()
        return self.findings[-1]

    def second(self):
        broken = self.broken
        has_watch = "process" not in broken
        if has_watch and "loop" not in broken:
            self.beat += 1
        if "fixes" in broken:
            self.oldest_s += 1
        if "database" in broken:
            self.database_lost_s += 1 if self.oldest_s else 0
        else:
            self.database_ok = self.now
            self.database_lost_s = 0.0
        if not broken & {"process", "loop", "probe", "fixes", "database"}:
            self.probe_ok = self.now
        status = {
            "path": {"answered": self.answered, "oldest_unacknowledged_s": self.oldest_s},
            "database_lost_s": self.database_lost_s,
            "is_crowded": self.is_crowded,
        }
        self.findings.append(
            self.deadman.look(
                Sight(
                    self.now, self.pid if has_watch else None, self.beat, status if has_watch else {},
                    self.probe_ok, self.database_ok,
                )
            )
        )  # fmt: skip


@pytest.fixture
def scene():
    found = Scene()
    found.run(60)
    assert not found.findings[-1].is_stuck
    return found


def test_a_quiet_night_is_no_news(scene):
    assert not scene.run(8 * 3600).is_stuck
    assert not any(one.is_stuck for one in scene.findings)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"process"}, "no_watch"),
        ({"loop"}, "loop"),
        ({"probe"}, "probe"),
        ({"fixes"}, "worker"),
        ({"database"}, "database"),
        ({"database", "fixes"}, "database"),
    ],
)
def test_whatever_breaks_is_said_within_a_minute_with_its_beginning(scene, broken, reason):
    at = scene.now
    scene.broken = broken
    found = scene.run(55)
    assert reason in found.reasons
    assert abs(found.since_s - at) <= 2
    assert found.words
    scene.broken, scene.oldest_s = set(), 0.0
    assert not scene.run(3).is_stuck


@pytest.mark.parametrize("broken", ["process", "loop", "probe", "fixes", "database"])
def test_a_moment_is_not_said(scene, broken):
    scene.broken = {broken}
    scene.run(10)
    scene.broken, scene.oldest_s = set(), 0.0
    scene.run(30)
    assert not any(one.is_stuck for one in scene.findings)


def test_it_ends_only_when_a_probe_has_gone_through(scene):
    scene.broken = {"loop"}
    assert scene.run(20).is_stuck
    scene.broken = {"probe"}  # it breathes again, and nothing has gone through yet
    assert scene.run(10).is_stuck
    scene.broken = set()
    assert not scene.run(3).is_stuck


def test_the_first_start_may_take_its_time_and_is_told_in_the_end():
    scene = Scene()
    scene.broken = {"process"}
    assert not scene.run(290).is_stuck
    assert scene.run(20).is_stuck


def test_a_burst_in_which_fixes_are_acknowledged_is_not_stuck(scene):
    scene.broken, scene.is_crowded = {"probe"}, True
    for _ in range(300):
        scene.answered += 1000
        scene.run(1)
    assert not scene.findings[-1].is_stuck
    assert scene.run(60).is_stuck  # crowded, and nothing is acknowledged any more


@pytest.mark.parametrize(
    ("broken", "kills"),
    [({"loop"}, True), ({"fixes"}, True), ({"probe"}, True), ({"database", "fixes"}, False)],
)
def test_only_a_watch_that_hangs_by_itself_is_killed_and_not_again_soon(scene, broken, kills):
    scene.broken = broken
    scene.run(100)
    assert not any(one.kill for one in scene.findings)
    scene.run(100)
    assert [one.kill for one in scene.findings if one.kill] == ([PID] if kills else [])
    scene.run(int(KILL_AGAIN_S))
    assert len([one for one in scene.findings if one.kill]) == (2 if kills else 0)


def test_a_watch_that_starts_again_and_again_is_not_killed(scene):
    scene.broken = {"process"}
    assert scene.run(1000).kill is None
    assert scene.findings[-1].reasons == ("no_watch",)
