"""The bench of the intake gives no figure where its own counters do not agree."""

import pytest

from bench import intake

TOLD = {"offered": 50, "answered": 50, "gone": 0}
STORED = {"fixes": 50, "evaluated": 50, "blocks": 2, "rows": 3, "notified": 3}


class Load:
    """Answers as the load process would."""

    def __init__(self, signed=50, **told):
        self.told = {
            "connect": {"registered": signed, "authenticated": signed},
            "run": TOLD | told,
            "leave": {},
        }

    def ask(self, word, *_):
        return dict(self.told[word])


class House:
    """Answers as the installation would."""

    def __init__(self, **stored):
        self.pid, self.stored = 1, STORED | stored

    def path(self):
        return {"cpu_by_stage": {"decode": 1.0}}

    def postgres_cpu_s(self):
        return 0.0

    def since_last(self):
        return self.stored


@pytest.fixture
def one_round(monkeypatch):
    monkeypatch.setattr(intake.time, "sleep", lambda _s: None)
    monkeypatch.setattr(intake, "backend_cpu_s", lambda _pid: 1.0)
    return lambda load, house: intake.intake_round(load, house, 7808, 1.0, 50)


def test_a_round_whose_counters_agree_has_a_figure(one_round):
    told = one_round(Load(), House())
    assert told["answered"] == 50
    assert told["fixes_a_block"] == 25


@pytest.mark.parametrize(
    ("load", "house"),
    [
        (Load(signed=49), House()),
        (Load(answered=49), House()),
        (Load(offered=0, answered=0), House(fixes=0, evaluated=0)),
        (Load(gone=1), House()),
        (Load(), House(fixes=49)),
        (Load(), House(evaluated=49)),
        (Load(), House(notified=2)),
    ],
    ids=["signed in", "answered", "nothing offered", "gone", "readable", "evaluated", "notified"],
)
def test_a_round_whose_counters_differ_has_none(one_round, load, house):
    with pytest.raises(AssertionError):
        one_round(load, house)
