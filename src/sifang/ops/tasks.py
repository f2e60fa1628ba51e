"""The jobs: `after` handlers, and what the clock asks for. Found by procrastinate in every process."""

from importlib.util import find_spec
from typing import Any

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from sifang.kernel.log import get_logger
from sifang.ops import events

log = get_logger("ops")
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
    """Open a technical incident about a job that finally failed."""
    if find_spec("sifang.monitoring.services.incidents") is None:
        return
    log.error("job_given_up", handler=handler)


def defer_event(handler: str, event: object) -> None:
    """Queue an `after` handler inside the running transaction (the deferrer of `kernel.events`)."""
    after_event.defer(handler=handler, event=events.pack(event))
