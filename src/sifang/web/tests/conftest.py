"""The personae at their desks: each signs in as in life; 张三 is tracked, an alarm asks about him."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.test import Client

from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.monitoring import access
from sifang.monitoring.intake.columns import F_LOCATED, F_STRAP_KNOWN, FIX
from sifang.monitoring.models import AlarmKind, Fence
from sifang.monitoring.services.alarms import Situation, raise_alarm
from sifang.monitoring.tests.conftest import as_role, desk  # noqa: F401 (a fixture)
from sifang.people.access import system
from sifang.web.config import PagesConfig
from sifang.web.live.hub import hub
from sifang.web.signin import rate

PASSWORD = "sifang-demo"
BACKEND = "sifang.web.signin.backend.OfficerBackend"


@dataclass
class Newest:
    """The hub's positions, given by a test."""

    fixes: dict[int, np.void] = field(default_factory=dict)

    def rows(self, measures=None):
        return np.array([self.fixes[k] for k in sorted(self.fixes)], FIX)

    def load_recent(self, minutes=15):
        pass

    def apply_blocks(self, blocks):
        pass

    def forget(self, measures):
        pass


def fix(measure, ago_s=20, **given):
    """One fix near the Baotu spring, 12 m good, strap closed, 88 %."""
    row = np.zeros((), FIX)
    row["measure"], row["taken_s"] = measure, int(utc_now().timestamp()) - ago_s
    row["lon"], row["lat"], row["accuracy_m"], row["battery_pct"], row["verdict"] = 117.01, 36.66, 12, 88, 1
    row["flags"] = F_LOCATED | F_STRAP_KNOWN
    for name, value in given.items():
        row[name] = value
    return row


@pytest.fixture(autouse=True)
def newest(settings, monkeypatch):
    """No listening thread; positions come from the test. Fast password hashing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    provide(PagesConfig(demo=True, version="test"))
    rate.brake.seen.clear()
    fake = Newest()
    monkeypatch.setattr(hub, "ensure", lambda: None)
    monkeypatch.setattr(hub, "newest", fake)
    return fake


@pytest.fixture
def officers(city):
    """Everybody by name, as demonstration accounts with the demonstration password; 吴离 has left."""
    for officer in city.officers.values():
        officer.refresh_from_db()
        officer.set_password(PASSWORD)
        officer.is_demo = True
        officer.save()
    return city.officers


@pytest.fixture
def at_desk(officers):
    """Return a browser in which this officer is signed in."""

    def sit(name: str) -> Client:
        client = Client()
        client.force_login(officers[name], backend=BACKEND)
        return client

    return sit


@pytest.fixture
def tracked(desk, at_desk, newest, monkeypatch):  # noqa: F811 (the fixture)
    """张三 under a measure with a boundary fence and a fix, an alarm about him; needs transaction=True."""
    measure = desk.fenced()
    with desk.city.acting("王科"):
        fence = Fence.objects.select_related("line").get(measure=measure)
    newest.fixes[measure.number] = fix(measure.number, verdict=2)
    ring = (fence.line.geometry if fence.line else fence.geometry)["rings"][0]
    lon, lat = ring[0][0], ring[0][1]
    now = int(utc_now().timestamp())
    times = [now - 180 + 30 * k for k in range(6)]
    evidence = [
        {
            "taken_s": at,
            "distance_m": 40.0 * k - 40,
            "accuracy_m": 12.0,
            "assumed": False,
            "boundary_m": 80.0,
            "probability": 0.2 + 0.15 * k,
            "verdict": 2 if k > 4 else 3,
        }
        for k, at in enumerate(times)
    ]
    track = np.array(
        [
            fix(measure.number, taken_s=at, lon=lon + k * 1e-4, lat=lat + k * 1e-4)
            for k, at in enumerate(times)
        ],
        FIX,
    )
    monkeypatch.setattr(
        access,
        "read_track",
        lambda numbers, frm, to, using="reader": track[np.isin(track["measure"], numbers)],
    )
    situation = Situation(
        measure=measure.number,
        kind=AlarmKind.BOUNDARY_LEFT,
        episode=int((utc_now() - timedelta(seconds=180)).timestamp()),
        fence=fence.number,
        probability=0.97,
        evidence=evidence,
        facts={"battery_pct": 64, "strap": 1},
    )
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(situation)
    return SimpleNamespace(
        measure=measure, fence=fence, alarm=alarm, url=f"/alarms/{alarm.id}", desk=at_desk, city=desk.city
    )
