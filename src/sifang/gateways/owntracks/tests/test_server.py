"""OwnTracks over real loopback sockets: who is taken, when it is answered."""

import asyncio
import base64
import json

import pytest
import uvloop

from sifang.gateways.owntracks.server import routes
from sifang.monitoring.intake.testing import FakeIntake, device_ref
from sifang.monitoring.intake.tests.http_client import connected, request, serving

PLACE = {"_type": "location", "lat": 36.65, "lon": 117.11, "tst": 1795392900, "acc": 12, "batt": 80}


def run(scenario):
    return uvloop.run(asyncio.wait_for(scenario, 20))  # as the watch process does


def intake(**more):
    return FakeIntake(device_ref("jinan/wb1", "secret", protocol="owntracks"), **more)


def headers(password="secret", user="jinan", device="wb1"):
    given = base64.b64encode(f"x:{password}".encode()).decode()
    return {"Authorization": f"Basic {given}", "X_Limit_U": user, "X_Limit_D": device}


def test_a_position_is_answered_after_the_commit_with_a_list_of_commands():
    async def scenario():
        fake = intake(holding=True)
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            client.writer.write(request("/owntracks", "POST", json.dumps(PLACE).encode(), **headers()))
            with pytest.raises(TimeoutError):
                await client.hear(0.1)
            fake.commit()
            assert await client.hear() == (200, [])
            (fix,) = fake.fixes
            assert (fix["lon"], fix["accuracy_m"], fix["battery_pct"]) == (117.11, 12, 80)

    run(scenario())


def test_several_at_once_and_what_is_no_position():
    async def scenario():
        fake = intake()
        several = [PLACE, {"_type": "lwt", "tst": 1}, PLACE | {"lat": 116}, PLACE | {"tst": 1795392910}]
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            assert await client.ask("/owntracks", "POST", json.dumps(several).encode(), **headers()) == (
                200,
                [],
            )
            assert len(fake.fixes) == 2
            assert fake.refused == {("owntracks", "bad_value"): 1}
            assert (await client.ask("/owntracks", "POST", b'{"_type":"cmd"}', **headers())) == (200, [])

    run(scenario())


@pytest.mark.parametrize(
    ("given", "body", "status", "reason"),
    [
        (headers("wrong"), PLACE, 401, "bad_auth"),
        (headers(device="wb2"), PLACE, 200, "unknown_device"),
        (headers(), [1], 400, "bad_frame"),
        (headers(), PLACE | {"lon": None}, 400, "bad_frame"),
    ],
)
def test_who_and_what_is_refused(given, body, status, reason):
    async def scenario():
        fake = intake()
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            answer = await client.ask("/owntracks", "POST", json.dumps(body).encode(), **given)
            assert answer[0] == status
            assert dict(fake.refused) == {("owntracks", reason): 1}
            assert not fake.submitted

    run(scenario())
