"""OsmAnd over real loopback sockets: who is taken, when it is answered."""

import asyncio
import base64
import json

import pytest
import uvloop

from sifang.gateways.osmand.server import routes
from sifang.monitoring.intake.columns import F_SOS
from sifang.monitoring.intake.testing import FakeIntake, device_ref
from sifang.monitoring.intake.tests.http_client import connected, request, serving

PLACE = "lat=36.650781&lon=117.113873&timestamp=1795392900"


def run(scenario):
    return uvloop.run(asyncio.wait_for(scenario, 20))  # as the watch process does


def intake(**more):
    return FakeIntake(device_ref("WB1", "secret", protocol="osmand"), **more)


def basic(password):
    return "Basic " + base64.b64encode(f"WB1:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/", "/osmand"])
def test_a_position_is_answered_after_the_commit(path):
    async def scenario():
        fake = intake(holding=True)
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            client.writer.write(request(f"{path}?id=WB1&key=secret&{PLACE}&alarm=sos"))
            with pytest.raises(TimeoutError):
                await client.hear(0.1)
            fake.commit()
            assert await client.hear() == (200, {"received": 1})
            (fix,) = fake.fixes
            assert (fix["lon"], fix["lat"], fix["taken_s"]) == (117.113873, 36.650781, 1795392900)
            assert fix["flags"] & F_SOS

    run(scenario())


def test_what_could_not_be_stored_is_not_acknowledged():
    async def scenario():
        fake = intake(holding=True)
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            client.writer.write(request(f"/?id=WB1&key=secret&{PLACE}"))
            await asyncio.sleep(0.05)
            fake.fail()
            assert (await client.hear())[0] == 503

    run(scenario())


@pytest.mark.parametrize(
    ("target", "headers", "status", "reason"),
    [
        (f"/?id=WB1&key=wrong&{PLACE}", {}, 401, "bad_auth"),
        (f"/?id=WB1&{PLACE}", {}, 401, "bad_auth"),
        (f"/?id=WB1&{PLACE}", {"Authorization": basic("wrong")}, 401, "bad_auth"),
        (f"/?id=WB1&{PLACE}", {"Authorization": basic("secret")}, 200, None),
        (f"/?id=WB2&key=secret&{PLACE}", {}, 200, "unknown_device"),
        (f"/?{PLACE}", {}, 400, "bad_frame"),
        ("/?id=WB1&key=secret&lat=116&lon=1", {}, 400, "bad_value"),
    ],
)
def test_who_and_what_is_refused(target, headers, status, reason):
    async def scenario():
        fake = intake()
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            assert (await client.ask(target, **headers))[0] == status
            assert dict(fake.refused) == ({("osmand", reason): 1} if reason else {})
            assert bool(fake.submitted) is (reason is None)

    run(scenario())


def test_a_device_of_another_protocol_is_unknown_here():
    async def scenario():
        fake = FakeIntake(device_ref("WB1", "secret"))
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            assert (await client.ask(f"/?id=WB1&key=secret&{PLACE}"))[0] == 200
            assert not fake.submitted

    run(scenario())


def test_the_json_body_is_taken_too():
    async def scenario():
        fake = intake()
        coords = {"latitude": 36.65, "longitude": 117.11, "speed": 10, "accuracy": 8}
        location = {"timestamp": "2026-11-23T00:15:00Z", "coords": coords, "battery": {"level": 0.5}}
        body = json.dumps({"device_id": "WB1", "location": location}).encode()
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            answer = await client.ask("/?key=secret", "POST", body, Content_Type="application/json")
            assert answer == (200, {"received": 1})
            (fix,) = fake.fixes
            assert (fix["speed_kmh"], fix["accuracy_m"], fix["battery_pct"]) == (36, 8, 50)

    run(scenario())


def test_what_a_known_device_sent_goes_with_its_fix_without_its_secret_and_of_no_other():
    async def scenario():
        fake = intake()
        async with serving(fake, routes(fake)) as (_, port), connected(port) as client:
            client.writer.write(request(f"/?id=WB1&key=other&{PLACE}"))
            await client.hear()
            client.writer.write(request(f"/?id=WB2&key=secret&{PLACE}"))
            await client.hear()
            client.writer.write(request(f"/?id=WB1&key=secret&{PLACE}"))
            await client.hear()
        assert fake.refused_frames == []
        sent = fake.frames[-1](0)  # the intake asks for it only when it refuses the fix
        assert b"lat=36.650781" in sent
        assert b"secret" not in sent

    run(scenario())
