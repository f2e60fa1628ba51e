"""The devices' HTTP port: bounds, order, answers after the commit."""

import asyncio

import uvloop

from sifang.monitoring.intake.http import HttpLimits
from sifang.monitoring.intake.testing import FakeIntake
from sifang.monitoring.intake.tests.http_client import connected, request, serving


def run(scenario):
    return uvloop.run(asyncio.wait_for(scenario, 20))  # as the watch process does


def echo(asked, reply):
    reply(200, {"path": asked.path, "query": asked.query(), "bytes": len(asked.body)})


def test_paths_lead_to_their_gateway_and_others_nowhere():
    async def scenario():
        async with serving(FakeIntake(), {"/": echo, "/a": echo}) as (_, port), connected(port) as client:
            assert await client.ask("/?id=1&id=2") == (200, {"path": "/", "query": {"id": "1"}, "bytes": 0})
            assert (await client.ask("/a/", "POST", b"xy"))[1]["bytes"] == 2
            assert (await client.ask("/b"))[0] == 404
            assert (await client.ask("/a", "DELETE"))[0] == 405

    run(scenario())


def test_answers_keep_the_order_of_the_requests():
    async def scenario():
        replies = []
        routes = {"/": lambda asked, reply: replies.append((asked.query()["n"], reply))}
        async with serving(FakeIntake(), routes) as (_, port), connected(port) as client:
            client.writer.write(request("/?n=1") + request("/?n=2"))
            await asyncio.sleep(0.05)
            for number, reply in reversed(replies):
                reply(200, number)
            assert [await client.hear(), await client.hear()] == [(200, "1"), (200, "2")]

    run(scenario())


def test_what_is_too_long_is_refused_and_hung_up():
    async def scenario():
        async with serving(FakeIntake(), {"/": echo}) as (_, port):
            async with connected(port) as client:
                client.writer.write(request("/?x=" + "y" * 20_000))
                assert (await client.hear())[0] == 431
                assert await client.hung_up()
            async with connected(port) as client:
                client.writer.write(request("/", "POST", b"x" * 70_000))
                assert (await client.hear())[0] == 413
            async with connected(port) as client:
                client.writer.write(b"7e0002 this is not HTTP\r\n\r\n")
                assert (await client.hear())[0] == 400
                assert await client.hung_up()

    run(scenario())


def test_who_does_not_complete_a_request_is_hung_up():
    async def scenario():
        now = [0.0]
        limits = HttpLimits(sweep_s=0.02)
        started = serving(FakeIntake(), {"/": echo}, limits=limits, clock=lambda: now[0])
        async with started as (_, port), connected(port) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nHost")
            await asyncio.sleep(0.05)
            now[0] = 21.0
            assert await client.hung_up()

    run(scenario())


def test_a_client_that_pipelines_without_end_is_stopped():
    async def scenario():
        replies = []
        routes = {"/": lambda _, reply: replies.append(reply)}
        async with serving(FakeIntake(), routes) as (_, port), connected(port) as client:
            client.writer.write(request("/") * 500)
            await asyncio.sleep(0.1)
            assert len(replies) <= 4 * HttpLimits().pipelined

    run(scenario())


def test_one_connection_too_many_is_closed():
    async def scenario():
        limits = HttpLimits(connections=1)
        async with serving(FakeIntake(), {"/": echo}, limits=limits) as (_, port), connected(port) as first:
            assert (await first.ask("/"))[0] == 200
            async with connected(port) as second:
                assert await second.hung_up()

    run(scenario())
