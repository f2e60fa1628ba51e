"""The stream: a snapshot in scope, then what changes; slow viewers lose the oldest; nobody holds a pool."""

import asyncio
import threading
import time
from types import SimpleNamespace

import orjson
import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from django.test import AsyncClient

from sifang.people.models import Officer
from sifang.web.live import stream
from sifang.web.live.hub import Hub, News, Viewer, hub
from sifang.web.tests.conftest import BACKEND, Newest, fix

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def events(chunks):
    """Return (name, data) of server-sent events."""
    found = []
    for block in b"".join(chunks).split(b"\n\n"):
        if block.startswith(b"event: "):
            name, data = block.split(b"\n", 1)
            found.append((name[7:].decode(), orjson.loads(data[6:])))
    return found


def hear(officer, news=(), want=3, wall=False):
    """Open /api/live as this officer, tell the news once connected, return the first `want` events."""

    async def listen():
        client = AsyncClient()
        await client.aforce_login(officer, backend=BACKEND)
        response = await client.get("/api/live" + ("?wall=1" if wall else ""))
        if response.status_code != 200:
            return response.status_code
        chunks = []
        body = aiter(response.streaming_content)
        while len(chunks) < want:
            if len(chunks) == 3:
                for one in news:
                    hub.tell(one)
            chunks.append(await asyncio.wait_for(anext(body), 10))
        await body.aclose()
        response.close()
        return events(chunks)

    try:
        return async_to_sync(listen)()
    finally:
        connections.close_all()


def test_the_snapshot_comes_first_and_within_scope(tracked):
    found = dict(hear(tracked.city["冯班"]))
    assert [row[0] for row in found["positions"]["rows"]] == [tracked.measure.number]
    assert [row["id"] for row in found["alarms"]["rows"]] == [str(tracked.alarm.id)]
    assert found["status"]["tracked"] == 1
    outside = dict(hear(tracked.city["周外"]))
    assert outside["positions"]["rows"] == outside["alarms"]["rows"] == []
    assert outside["status"]["tracked"] == 0


@pytest.mark.parametrize(("name", "rows"), [("冯班", 1), ("周外", None)])
def test_a_new_position_reaches_only_who_covers_the_person(tracked, name, rows):
    number = tracked.measure.number
    moved = News("positions", positions={number: [number, 117.0, 36.7, 8.0, 0, 1, 1, 80, 1], 9999: [9999]})
    late = News("alarms")  # what everybody hears, so that an outsider's stream has something to say
    found = hear(tracked.city[name], [moved, late], want=4)
    name_of, data = found[3]
    assert name_of == "positions"
    assert [row[0] for row in data["rows"]] == ([number] if rows else [])


def test_the_walls_stream_names_nobody(tracked):
    text = orjson.dumps(hear(tracked.city["冯班"], wall=True)).decode()
    assert "张三" not in text
    assert "是否已离开济南市区？" in text


@pytest.mark.parametrize(("name", "status"), [("孙警", 404), ("钱法", 404), ("郑局", 404), ("张三", 404)])
def test_there_is_no_stream_for_them(tracked, name, status):
    assert hear(tracked.city[name]) == status


def test_the_stream_ends_for_one_who_left(tracked, monkeypatch):
    monkeypatch.setattr(stream, "CHECK_S", 0.0)
    monkeypatch.setattr(stream, "still_admitted", lambda sight: False)
    found = hear(tracked.city["冯班"], [News("lost")], want=5)
    assert [name for name, _ in found[3:]] == ["lost", "bye"]


def test_the_stream_ends_with_the_session(tracked, monkeypatch):
    monkeypatch.setattr(stream, "CHECK_S", 0.0)

    def ended(sight):
        SessionStore(sight.session).delete()
        return admitted(sight)

    admitted = stream.still_admitted
    names = [name for name, _ in hear(tracked.city["冯班"], [News("lost")], want=8)[3:]]
    assert names[0] == "lost"
    assert {"positions", "alarms"} <= set(names)  # the scope as of now, read beside the stream
    assert "bye" not in names
    monkeypatch.setattr(stream, "still_admitted", ended)
    found = hear(tracked.city["冯班"], [News("lost")], want=5)
    assert [name for name, _ in found[3:]] == ["lost", "bye"]


def test_positions_do_not_wait_for_the_scope_to_be_read_anew(tracked, monkeypatch):
    monkeypatch.setattr(stream, "CHECK_S", 0.0)
    look, looks, gate = stream.scope.look, [], threading.Event()

    def slow(desk):
        looks.append(desk)
        if len(looks) > 1:
            gate.wait(20)
        return look(desk)

    monkeypatch.setattr(stream.scope, "look", slow)
    moved = News("positions", positions={tracked.measure.number: [tracked.measure.number]})
    try:
        found = hear(tracked.city["冯班"], [News("lost"), moved, moved], want=6)
    finally:
        gate.set()
    assert [name for name, _ in found if name != "status"][2:] == ["lost", "positions", "positions"]
    assert len(looks) == 2  # the second is still at work, and no third was begun beside it


def test_the_stream_ends_when_the_officer_changes_office(tracked, monkeypatch):
    monkeypatch.setattr(stream, "CHECK_S", 0.0)
    officer = tracked.city["王科"]
    desk = SimpleNamespace(officer=officer)
    session = SessionStore()
    session.create()
    sight = stream.Sight(desk, nameless=False, session=session.session_key)
    assert stream.still_admitted(sight)
    Officer.objects.filter(pk=officer.pk).update(agency=tracked.city.agencies["商河县司法局"])
    assert not stream.still_admitted(sight)


def test_a_slow_viewer_loses_the_oldest():
    loop = asyncio.new_event_loop()
    viewer = Viewer(loop)
    for number in range(20):
        viewer.put(News("positions", positions={number: [number]}))
    assert viewer.dropped == 12
    assert next(iter(viewer.queue.get_nowait().positions)) == 12
    loop.close()


def test_the_hub_hears_what_postgresql_tells(tracked):
    applied = []

    class Blocks(Newest):
        def apply_blocks(self, blocks):
            applied.extend(blocks)
            self.fixes[7] = fix(7)

    told = []
    mine = Hub(Blocks)
    mine.tell = told.append
    mine.ensure()
    try:
        wait_for(lambda: any(news.kind == "measures" for news in told))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('sifang_fixes', '41'), pg_notify('sifang_alarms', 'x')")
        wait_for(lambda: {"positions", "alarms"} <= {news.kind for news in told})
        assert applied == [41]
        assert any(7 in news.positions for news in told)
        assert mine.is_fresh()
    finally:
        mine.stop()
        time.sleep(1.5)


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
