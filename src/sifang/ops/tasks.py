"""The jobs: `after` handlers, and what the clock asks for. Found by procrastinate in every process."""

from functools import cache
from typing import TYPE_CHECKING, Any

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from sifang.kernel.log import get_logger
from sifang.kernel.time import utc_now
from sifang.ops import events
from sifang.ops.moment import steady_now

if TYPE_CHECKING:
    from sifang.monitoring.replay import Scratch

log = get_logger("ops")
CLOCK = "clock"  # the queue of what is asked for again and again
MOST_ATTEMPTS = 6
RETRY = RetryStrategy(max_attempts=MOST_ATTEMPTS, exponential_wait=2)


@app.task(name="after_event", queue="events", retry=RETRY, pass_context=True)
def after_event(context: JobContext, handler: str, event: dict[str, Any]) -> None:
    """Run one `after` handler; after the last attempt a human sees a technical incident."""
    try:
        events.run(handler, event)
    except Exception:
        if context.job.attempts + 1 >= MOST_ATTEMPTS:
            log.exception("after_event_failed", handler=handler, job=context.job.id)
            tell_a_human(handler)
        raise


def tell_a_human(handler: str) -> None:
    """Leave a technical incident of this system about a job that finally failed."""
    from sifang.monitoring.models import Incident

    name = handler.rpartition(".")[2]
    Incident.objects.create(
        kind="server", summary=f"后台任务 {name} 多次失败，已停止重试", began_at=utc_now()
    )
    log.error("job_given_up", handler=handler)


def defer_event(handler: str, event: object) -> None:
    """Queue an `after` handler inside the running transaction (the deferrer of `kernel.events`)."""
    after_event.defer(handler=handler, event=events.pack(event))


@app.periodic(cron="* * * * *")
@app.task(name="take_up_stalled", queue=CLOCK, queueing_lock="take_up_stalled", pass_context=True)
async def take_up_stalled(context: JobContext, timestamp: int) -> int:
    """Take up what a worker that was killed left unfinished; return how many jobs."""
    del timestamp
    return await take_up(context.app.job_manager)


async def take_up(jobs: JobManager) -> int:
    """Queue the events of stalled jobs again and drop what the clock asks for anew.

    A job of a killed worker stays `doing` for ever, and its lock keeps every later one from being run.
    """
    stalled = list(await jobs.get_stalled_jobs())
    for job in stalled:
        if job.id is None:
            continue
        if job.queue == CLOCK:
            await jobs.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
        else:
            await jobs.retry_job_by_id_async(job.id, retry_at=utc_now())
        log.warning("stalled_job_taken_up", task=job.task_name, job=job.id)
    return len(stalled)


@app.periodic(cron="* * * * *")
@app.task(name="each_minute", queue=CLOCK, queueing_lock="each_minute")
def each_minute(timestamp: int) -> dict[str, int]:
    """Do what the clock asks for; return how many measures ended and how many expectations are late."""
    from sifang.cases.clock import run_clock
    from sifang.cases.services import overdue
    from sifang.monitoring.services.measures import end_expired
    from sifang.people.access import system

    del timestamp
    now = steady_now()
    with system("reconcile"):
        done = {"ended": end_expired(now), "late": overdue(now).count()}
    done["steps"] = run_clock(now)
    if any(done.values()):
        log.info("clock_worked", **done)
    return done


@app.periodic(cron="23 16 * * *")  # 00:23 in Shanghai, after the day has ended
@app.task(name="reconcile", queue=CLOCK, queueing_lock="reconcile", lock="reconcile")
def reconcile_daily(timestamp: int) -> dict[str, int]:
    """Recompute what is expected from the acts and compare; a difference becomes a technical incident."""
    from sifang.cases.clock import reconcile
    from sifang.monitoring.models import Incident
    from sifang.people.access import system

    del timestamp
    found = reconcile(steady_now())
    if not found.is_empty:
        count = len(found.missing) + len(found.unfounded)
        summary = f"应办事项与行为记录不一致：{count} 项，{found.cases} 案中核对"
        with system("reconcile"):
            Incident.objects.create(kind="server", summary=summary, began_at=utc_now())
    return {"cases": found.cases, "missing": len(found.missing), "unfounded": len(found.unfounded)}


@app.periodic(cron="33 16 * * *")  # 00:33 in Shanghai
@app.task(name="count_months", queue=CLOCK, queueing_lock="count_months")
def count_months_daily(timestamp: int) -> dict[str, int]:
    """Count this month and the last by area; return how many figures."""
    from sifang.monitoring.figures import count_months

    del timestamp
    return {"figures": count_months(steady_now())}


@app.periodic(cron="7,27,47 * * * *")
@app.task(name="compact_journal", queue=CLOCK, queueing_lock="compact_journal", lock="compact_journal")
def compact_journal(timestamp: int) -> dict[str, int]:
    """Compact the finished hours of the journal by measure; return how many hours and fixes."""
    from sifang.monitoring.intake.compact import compact_due

    del timestamp
    done = compact_due(steady_now())
    return {"hours": len(done), "fixes": sum(hour.fixes for hour in done)}


@app.periodic(cron="17 * * * *")
@app.task(name="retain", queue="clock", queueing_lock="retain")
def retain(timestamp: int) -> dict[str, int]:
    """Delete what is due and destroy the keys that open nothing any more; return counts."""
    from sifang.monitoring.services import retention

    del timestamp
    done = retention.retain(steady_now())
    return done.rows | {"keys": len(done.keys)}


@app.periodic(cron="* * * * * */10")  # the sixth field: seconds
@app.task(name="judge_late", queue="clock", queueing_lock="judge_late", lock="judge_late")
def judge_late(timestamp: int) -> dict[str, int]:
    """Judge the late fixes that wait; return how many persons, alarms about the past and reviews."""
    from sifang.monitoring.services.late_work import due_measures, forget_late

    if timestamp % 3600 < 10:  # noqa: PLR2004 (the first run of an hour)
        forget_late(steady_now())
    if not due_measures(steady_now()):
        return {}
    from sifang.monitoring.services import late  # loads the engine

    done = late.judge_late(engine=_scratch())
    return {"measures": done.measures, "past": done.past, "reviews": done.reviews, "failed": done.failed}


@cache
def _scratch() -> "Scratch":
    """The engine of this process for replays: the lines it has compiled stay."""
    from sifang.monitoring.replay import Scratch

    return Scratch()
