"""The band of a stuck path: every officer sees it, 张三 does not; it needs neither session nor database."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.web import path_state
from sifang.web.config import PagesConfig
from sifang.web.views.errors import server_error

SINCE = datetime(2026, 11, 23, 6, 20, tzinfo=UTC)
WORDS = "接收程序没有反应"
BAND = "定位接收停滞，自 14:20 起"


@pytest.fixture
def guard(tmp_path):
    """What the guard tells, as a test wants it."""
    file = tmp_path / "guard.json"
    provide(PagesConfig(demo=True, version="test", guard_file=file))

    def says(*, stuck=True, ago_s=1.0):
        told = {
            "alive_at": (utc_now() - timedelta(seconds=ago_s)).isoformat(),
            "stuck": stuck,
            "since": SINCE.isoformat() if stuck else None,
            "line": f"定位接收停滞，自 14:20 起：{WORDS}" if stuck else "",
        }
        file.write_text(json.dumps(told), "utf-8")
        return file

    return says


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.parametrize(
    ("officer", "page"),
    [
        ("冯班", "/command"),
        ("冯班", "/command/wall"),
        ("王科", "/persons"),
        ("周外", "/persons"),
        ("赵检", "/command"),
    ],
)
def test_every_officer_sees_the_band_and_its_end(tracked, guard, officer, page):
    client = tracked.desk(officer)
    guard(stuck=True)
    shown = client.get(page).content.decode()
    assert BAND in shown
    assert WORDS in shown
    guard(stuck=False)
    shown = client.get(page).content.decode()
    assert BAND not in shown
    assert "data-path-band" in shown  # it will ask again by itself


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_person_under_order_and_a_stranger_see_none(tracked, guard):
    guard(stuck=True)
    assert BAND not in Client().get("/signin").content.decode()
    for page in ("/me", "/account"):
        assert "path-band" not in tracked.desk("张三").get(page).content.decode()


def test_the_band_is_fetched_again_without_the_database(guard):
    """No database mark on this test: any query would fail it."""
    guard(stuck=True)
    answer = Client().get(f"/path-band?key={quote(path_state.key())}")
    assert answer.status_code == 200
    assert BAND in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    guard(stuck=False)
    assert Client().get(f"/path-band?key={quote(path_state.key())}").content.strip() == b""


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("key", ["", "band", "band:1wA:x"])
def test_without_the_key_of_a_page_there_is_nothing(guard, key):
    guard(stuck=True)
    answer = Client().get(f"/path-band?key={key}")
    assert answer.status_code == 404
    assert BAND not in answer.content.decode()


def test_a_key_ends_with_the_shift(monkeypatch):
    key = path_state.key()
    assert path_state.is_key(key)
    monkeypatch.setattr(path_state, "KEY_HOURS", -1)
    assert not path_state.is_key(key)


def test_a_guard_that_no_longer_speaks_is_shown_and_one_that_never_did_is_not(guard, tmp_path):
    assert path_state.stuck(None) is None
    assert path_state.stuck(tmp_path / "nothing") is None
    found = path_state.stuck(guard(stuck=False, ago_s=90))
    assert found is not None
    assert found.words == "值守检查程序没有反应"
    (tmp_path / "guard.json").write_text("{", "utf-8")
    assert path_state.stuck(tmp_path / "guard.json") is None


def test_the_page_of_a_broken_server_says_it_too(guard, rf):
    guard(stuck=True)
    assert BAND in server_error(rf.get("/command")).content.decode()
