"""`python -m sifang.ops.jobs`: the process that runs jobs, a procrastinate worker as role jobs."""

import asyncio
import os
import sys


def main() -> int:
    """Work until SIGTERM or SIGINT. Ends when PostgreSQL goes away; the supervisor starts it again."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"
    os.environ.setdefault("SIFANG_PROCESS", "jobs")

    import django

    from sifang.ops.logs import configure
    from sifang.ops.settings import read

    settings = read()
    configure(settings.data / "logs", "jobs", settings.log_level)
    django.setup()
    from procrastinate.contrib.django import app

    worker = app.connector.get_worker_connector()  # type: ignore[attr-defined]  # Django's connector has it

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(
                concurrency=4,
                fetch_job_polling_interval=1.0,  # the default of 5 s would make retries late
                shutdown_graceful_timeout=3.0,
                delete_jobs="successful",
            )

    with app.replace_connector(worker):
        asyncio.run(work())
    return 0


if __name__ == "__main__":
    sys.exit(main())
