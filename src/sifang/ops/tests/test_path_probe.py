"""The guard's questions: a probe is answered only after a commit, and leaves nothing behind."""

import asyncio
import os

import psycopg
import pytest
from django.db import connections

from sifang.gateways.jt808.tests.terminal import connected, serving
from sifang.monitoring.intake.probe import Probe
from sifang.monitoring.intake.testing import FakeIntake
from sifang.ops import path_probe
from sifang.ops.guard_incident import close_path_incident, open_path_incident  # noqa: F401
from sifang.ops.settings import read
from sifang.ops.watch import commit_probe  # noqa: F401


def settings_for(port):
    return read({"SIFANG_JT808_PORT": str(port), "SIFANG_DATA": os.environ["SIFANG_DATA"]})


def test_the_probe_is_acknowledged_after_the_commit_and_counts_as_nothing():
    async def scenario():
        intake = FakeIntake()
        async with serving(intake) as (_, port):
            answered = await asyncio.to_thread(path_probe.path_answers, settings_for(port), 2.0)
            assert answered
            assert not intake.refused
            assert not intake.submitted

    asyncio.run(scenario())


@pytest.mark.parametrize("says", [None, False])
def test_without_a_commit_the_probe_is_not_answered(says):
    async def scenario():
        intake = FakeIntake()
        intake.probe = lambda answer: None if says is None else answer(says)
        async with serving(intake) as (_, port):
            assert not await asyncio.to_thread(path_probe.path_answers, settings_for(port), 0.3)

    asyncio.run(scenario())


def test_nobody_listening_is_no_answer():
    assert not path_probe.path_answers(settings_for(1), 0.3)


def test_a_terminal_with_a_number_of_its_own_gets_no_probe():
    async def scenario():
        intake = FakeIntake()
        async with serving(intake) as (_, port), connected(port, number="13853100001") as terminal:
            assert (await terminal.ask(0x0002))["body"]["result"] == 1
            assert intake.refused["jt808", "unauthenticated"] == 1

    asyncio.run(scenario())


class Worker:
    def __init__(self):
        self.jobs = []

    async def in_worker(self, job):
        self.jobs.append(job)
        return job()


def test_who_asks_while_a_probe_is_under_way_waits_for_the_next_one():
    async def scenario():
        worker, said = Worker(), []
        probe = Probe(worker, lambda: None, every_s=0.01)
        for _ in range(50):
            probe.ask(said.append)
        await asyncio.sleep(0)
        probe.ask(said.append)
        await asyncio.sleep(0.05)
        assert said == [True] * 51
        assert len(worker.jobs) == 2

    asyncio.run(scenario())


def test_a_commit_that_fails_is_told():
    async def scenario():
        said = []
        probe = Probe(Worker(), lambda: 1 / 0, every_s=0.0)
        probe.ask(said.append)
        await asyncio.sleep(0.02)
        assert said == [False]

    asyncio.run(scenario())


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_the_probe_commits_waits_for_the_version_row_and_leaves_no_row():
    name = connections["default"].settings_dict["NAME"]
    with connections["watch"].cursor() as cursor:
        cursor.execute("SELECT sifang_path_probe()")
        (version,) = cursor.fetchone()
        cursor.execute("SELECT version FROM monitoring_measuresversion")
        assert cursor.fetchone() == (version,)
    with psycopg.connect(os.environ["SIFANG_TEST_CLUSTER"], dbname=name) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE monitoring_measuresversion SET version = version WHERE id = 1")
        with connections["watch"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            with pytest.raises(Exception, match="lock timeout"):
                cursor.execute("SELECT sifang_path_probe()")
            cursor.execute("RESET lock_timeout")
        admin.rollback()


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("alias", ["default", "reader"])
def test_pages_and_readers_may_not_probe(alias):
    with connections[alias].cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("SELECT sifang_path_probe()")


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_the_backlog_counts_what_waits():
    from sifang.ops.tasks import after_event

    after_event.defer(handler="x", event={})
    with connections["jobs"].cursor() as cursor:
        cursor.execute("SELECT sifang_backlog()")
        (found,) = cursor.fetchone()
        cursor.execute("SELECT coalesce(current_setting('sifang.system_purpose', true), '')")
        assert cursor.fetchone() == ("",)
    import json

    found = json.loads(found) if isinstance(found, str) else found
    assert found["jobs_waiting"] == 1
    assert found["oldest_job_s"] >= 0
    assert found["incidents_open"] == found["hours_failed"] == found["late_waiting"] == 0
