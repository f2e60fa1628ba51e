"""`after` events: queued in the act's transaction, run by the worker, seen by a human when they fail."""

import asyncio
import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from sifang.kernel import events
from sifang.monitoring.models import Incident
from sifang.ops import tasks
from sifang.ops.events import NotQueueable, pack, run, unpack

heard = []


class Mood(enum.StrEnum):
    CALM = "calm"


@dataclass(frozen=True)
class SomethingHappened:
    subject: UUID
    at: datetime
    day: date
    mood: Mood
    note: str | None = None
    others: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Unpackable:
    thing: object


@events.after(SomethingHappened)
def hear(event):
    heard.append(event)


def an_event():
    return SomethingHappened(uuid4(), datetime.now(UTC), date(2026, 11, 23), Mood.CALM, None, (uuid4(),))


def test_an_event_survives_the_queue_unchanged():
    event = an_event()
    assert unpack(pack(event)) == event
    with pytest.raises(NotQueueable):
        pack(Unpackable(thing=object()))


def test_the_worker_runs_the_handler_with_the_event():
    heard.clear()
    event = an_event()
    run(f"{__name__}.hear", pack(event))
    assert heard == [event]


@pytest.mark.django_db(transaction=True)
def test_the_job_stands_and_falls_with_the_act():
    class Refused(Exception):
        pass

    with pytest.raises(Refused), transaction.atomic():  # noqa: PT012 (the act fails after publishing)
        events.publish(an_event())
        raise Refused
    assert ProcrastinateJob.objects.count() == 0
    with transaction.atomic():
        events.publish(an_event())
        assert connection.in_atomic_block
    job = ProcrastinateJob.objects.get()
    assert job.task_name == "after_event"
    assert job.args["handler"] == f"{__name__}.hear"


@pytest.mark.django_db
def test_a_job_that_finally_fails_is_an_incident_that_a_human_sees():
    class Job:
        attempts = tasks.MOST_ATTEMPTS - 1
        id = 7

    class Context:
        job = Job()

    packed = pack(an_event())
    with pytest.raises(KeyError):
        tasks.after_event.func(Context(), f"{__name__}.nobody", packed)
    incident = Incident.objects.get()
    assert incident.kind == "server"
    assert "nobody" in incident.summary
    Job.attempts = 0
    with pytest.raises(KeyError):
        tasks.after_event.func(Context(), f"{__name__}.nobody", packed)
    assert Incident.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_left_is_taken_up_and_holds_up_nothing():
    def put(queue, lock=None, worker=None):
        job = tasks.after_event.configure(queue=queue, lock=lock).defer(handler="none", event={})
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [worker, job]
            )
        return job

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        (alive,) = cursor.fetchone()
    event, clock, running = put("events"), put("clock", lock="once"), put("events", worker=alive)
    later = tasks.after_event.configure(queue="clock", lock="once").defer(handler="none", event={})

    async def work():
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            async with worker.open_async():
                done = await tasks.take_up(worker.job_manager)
                return done, await worker.job_manager.fetch_job(["clock"], alive)

    done, fetched = asyncio.run(work())
    assert done == 2
    assert fetched.id == later  # the lock of the killed one is free
    left = {job.id: job.status for job in ProcrastinateJob.objects.exclude(id=later)}
    assert left == {event: "todo", running: "doing"}
    assert clock not in left
