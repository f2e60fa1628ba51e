"""The `watch` process: device gateways and the fence engine, one asyncio/uvloop process.

Start: compile the kernels, read tables and journal, only then open the ports. One watch at a time: the
listening connection holds an advisory lock. Status for `sifang status` lies in SIFANG_DATA/run/watch.json,
rewritten each second; its age also tells the next watch how long nobody listened. SIGTERM: stop reading,
finish the tick, answer, end. SIGUSR1: write a digest of the state into run/watch-state.json.
Downlink: NOTIFY sifang_downlink '{"terminal": …, "kind": "text"|"position"|
"parameters"|"attributes", "text": …, "values": {id in hex: number or text}}' from web; nothing is kept of a
request that finds no connection. Parameters count as set only when the terminal reads them back.
"""

import asyncio
import json
import os
import signal
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sifang.kernel.log import get_logger
from sifang.ops.guardian import tell

if TYPE_CHECKING:
    import psycopg

    from sifang.gateways.jt808.server import Jt808Server
    from sifang.monitoring.intake.service import WatchIntake
    from sifang.monitoring.intake.tick import Ticker
    from sifang.monitoring.intake.worker import Worker
    from sifang.ops.settings import Settings

log = get_logger("watch")
ONE_WATCH = 0x51FA_06_01  # advisory lock: one watch per database
RELOAD_S, SILENCE_S, FLUSH_S, STATES_S, STATUS_S, KEYS_S = 60.0, 1.0, 5.0, 1.0, 1.0, 30.0
SNAPSHOT_S, CLOCK_S = 10.0, 1.0
PROBE_S = 20  # a probe that waits longer for the database than this gives up
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Watch:
    """Wires worker, tick and gateways together and keeps them going."""

    def __init__(self, settings: "Settings", worker: "Worker") -> None:
        self._settings = settings
        self._worker = worker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")
        self._status = settings.data / "run" / "watch.json"
        self._stop = asyncio.Event()
        self._reload_wanted = asyncio.Event()
        self._listening = asyncio.Event()
        self._attempt = 0
        self._loop_late_s = 0.0
        self.ports: dict[str, int] = {}
        self._ticker: Ticker
        self._intake: WatchIntake
        self._jt808: Jt808Server
        self._requests: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sig, self._stop.set)
        loop.add_signal_handler(signal.SIGUSR1, lambda: self._job(self._tell_state))
        background = [asyncio.create_task(self._listen())]
        if not await self._first(self._listening.wait()):
            return await self._end(background, [])
        alive_until = last_alive(self._status)
        replayed = await self._until_done(lambda: self._worker.start(alive_until))
        if replayed is None:
            return await self._end(background, [])
        log.info("watch_ready", replayed=replayed)
        servers = await self._open()
        background += [
            asyncio.create_task(self._every(SILENCE_S, self._worker.watch_silence)),
            asyncio.create_task(self._every(SNAPSHOT_S, self._worker.snapshots.keep)),
            asyncio.create_task(self._every(FLUSH_S, self._worker.flush_refusals)),
            asyncio.create_task(self._every(STATES_S, self._worker.keep_states)),
            asyncio.create_task(self._every(KEYS_S, self._worker.watch_keys)),
            asyncio.create_task(self._every(CLOCK_S, self._worker.watch_clock)),
            asyncio.create_task(self._reloads()),
            asyncio.create_task(self._tell()),
        ]
        await self._stop.wait()
        return await self._end(background, servers)

    async def _open(self) -> list[Any]:
        from sifang.gateways.jt808.server import Jt808Server
        from sifang.gateways.osmand.server import routes as osmand_routes
        from sifang.gateways.owntracks.server import routes as owntracks_routes
        from sifang.monitoring.intake.codes import AuthCodes
        from sifang.monitoring.intake.http import DeviceHttpServer
        from sifang.monitoring.intake.service import WatchIntake
        from sifang.monitoring.intake.tick import Ticker

        worker, settings = self._worker, self._settings
        clock = worker.clock
        self._ticker = ticker = Ticker(worker.judge, self._thread, clock)
        ticker.on_database = lambda since: self._job(worker.database_was_away, since)
        self._intake = WatchIntake(
            worker.admission,
            ticker,
            worker.refusals,
            lambda device, is_registered: self._job(
                worker.sim_confirmed if is_registered else worker.sim_changed, device.index
            ),
            frames=worker.frames,
            commit=commit_probe,
            clock=clock,
        )
        self._jt808 = Jt808Server(self._intake, codes=AuthCodes(worker.keys.named("authcodes")), time_s=clock)
        self.ports["jt808"] = await self._jt808.start(
            settings.bind, settings.jt808_port, tls=tls_of(settings)
        )
        servers: list[Any] = [self._jt808]
        routes = osmand_routes(self._intake, clock) | owntracks_routes(self._intake, clock)
        http = DeviceHttpServer(self._intake, routes)
        self.ports["device_http"] = await http.start(settings.bind, settings.device_http_port)
        servers.append(http)
        return servers

    async def _end(self, background: list["asyncio.Task[None]"], servers: list[Any]) -> None:
        log.info("watch_stopping")
        if hasattr(self, "_ticker"):
            await self._ticker.close()
        for server in servers:
            await server.close()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        with suppress(Exception):
            await asyncio.get_running_loop().run_in_executor(self._thread, self._worker.close)
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._write_status("stopped")

    # ---- jobs of the worker thread

    def _job(self, job: Callable[..., Any], *args: Any) -> None:
        """Run a job in the worker thread soon; what fails stays with the worker and comes again."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, job, *args)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _tell_state(self) -> None:
        """Answer SIGUSR1: which state this is, in run/watch-state.json (a digest, no content)."""
        said = {
            "pid": os.getpid(),
            "at": datetime.now(UTC).isoformat(),
            "block": self._worker.journal.position.block,
            "state": self._worker.snapshots.digest(),
        }
        draft = self._status.with_name("watch-state.tmp")
        draft.write_text(json.dumps(said), "utf-8")
        draft.replace(draft.with_name("watch-state.json"))

    async def _every(self, seconds: float, job: Callable[[], Any]) -> None:
        from sifang.monitoring.intake.store import DatabaseLostError

        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, job)
            except DatabaseLostError:
                pass  # the tick reports it; the job comes again
            except Exception:  # the edge of the worker thread
                log.exception("job_failed", job=job.__name__)

    async def _reloads(self) -> None:
        from sifang.monitoring.intake.store import DatabaseLostError

        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._reload_wanted.wait(), RELOAD_S)
            self._reload_wanted.clear()
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._worker.reload)
            except DatabaseLostError:
                await asyncio.sleep(1)
                self._reload_wanted.set()
            except Exception:  # the old tables stay in use; the journal refuses what they no longer allow
                log.exception("reload_failed")

    async def _until_done(self, job: Callable[[], int]) -> int | None:
        """Run a job of the start until the database lets it; None when told to stop meanwhile."""
        from sifang.monitoring.intake.store import DatabaseLostError

        attempt = 0
        while not self._stop.is_set():
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, job)
            except DatabaseLostError:
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
        return None

    async def _first(self, event: Awaitable[Any]) -> bool:
        """Wait for `event`; False when told to stop before."""
        waiting = {asyncio.ensure_future(event), asyncio.ensure_future(self._stop.wait())}
        _, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in left:
            one.cancel()
        return not self._stop.is_set()

    # ---- the listening connection

    async def _listen(self) -> None:
        """Hold the lock, hear what changes; come back whenever the connection breaks."""
        import psycopg

        while True:
            try:
                async with await psycopg.AsyncConnection.connect(listen_url(), autocommit=True) as connection:
                    await self._hear(connection)
            except psycopg.Error as error:
                log.warning("listening_lost", error=type(error).__name__)
            await asyncio.sleep(RETRY_S[min(self._attempt, len(RETRY_S) - 1)])
            self._attempt += 1

    async def _hear(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        await connection.execute("SELECT pg_advisory_lock(%s)", [ONE_WATCH])
        for channel in ("sifang_measures", "sifang_downlink"):
            await connection.execute(f"LISTEN {channel}")
        self._listening.set()
        self._attempt = 0
        self._reload_wanted.set()  # what changed while nobody heard
        async for note in connection.notifies():
            if note.channel == "sifang_measures":
                self._reload_wanted.set()
            elif self.ports:
                task = asyncio.get_running_loop().create_task(self._downlink(note.payload))
                self._requests.add(task)  # the loop itself holds a task only weakly
                task.add_done_callback(self._requests.discard)

    async def _downlink(self, payload: str) -> None:
        """Pass a request of the web on to a connected terminal; the outcome is only logged."""
        try:
            request = json.loads(payload)
            terminal, kind = str(request["terminal"]).lstrip("0"), request["kind"]
            outcome: dict[str, object] = {}
            if kind == "text":
                await self._jt808.send_text(terminal, str(request["text"]))
            elif kind == "position":
                await self._jt808.query_position(terminal)
            elif kind == "attributes":
                await self._jt808.read_attributes(terminal)
            elif kind == "parameters":
                values = {int(identity, 16): value for identity, value in request["values"].items()}
                setting = await self._jt808.set_parameters(terminal, values)
                outcome = {"confirmed": setting.confirmed, "differing": sorted(setting.differing)}
            log.info("downlink_done", kind=kind, **outcome)
        except Exception as error:  # noqa: BLE001 (a request must never end the watch)
            log.warning("downlink_failed", error=type(error).__name__)

    # ---- status

    def _clock_told(self) -> dict[str, float]:
        """The watch's clock for the other processes: at `run_s` of the boot clock it was `now_s`."""
        now_s, run_s = self._worker.clock(), time.clock_gettime(time.CLOCK_BOOTTIME)
        return {"now_s": now_s, "run_s": run_s, "jump_s": round(now_s - time.time(), 1)}

    async def _tell(self) -> None:
        while True:
            self._write_status("running")
            began = time.monotonic()
            await asyncio.sleep(STATUS_S)
            self._loop_late_s = time.monotonic() - began - STATUS_S

    def _write_status(self, state: str) -> None:
        worker = self._worker
        status: dict[str, Any] = {
            "state": state,
            "pid": os.getpid(),
            "alive_at": datetime.now(UTC).isoformat(),
            "ports": self.ports,
            "acknowledged": worker.judge.acknowledged,
            "alarms_raised": worker.desk.raised,
            "refused": dict(worker.refusals.total),
            "links": dict(self._intake.links) if hasattr(self, "_intake") else {},
            "dropped_bytes": self._jt808.dropped_bytes if hasattr(self, "_jt808") else 0,
            "database_lost": hasattr(self, "_ticker") and self._ticker.lost_since is not None,
            "measures_version": worker.admission.version,
            "tracked": worker.tracked,
            "keys_problem": worker.keys.problem,
            "clock": self._clock_told(),
            "loop_late_s": round(self._loop_late_s, 4),
            "last_block": worker.journal.position.block,
            "failed_attempts": worker.judge.failed_attempts,
            "devices_aside": worker.judge.aside,
        }
        if hasattr(self, "_ticker"):
            lost = self._ticker.lost_since
            status["database_lost_s"] = round(worker.clock() - lost, 1) if lost else 0.0
            status["is_crowded"] = self._ticker.is_crowded
            status["path"] = self._ticker.figures.report()
        if hasattr(self, "_jt808"):
            status["connections"] = self._jt808.connections
        tell(self._status, status)


def commit_probe() -> None:
    """Commit an empty transaction that waits for what every journal block waits for (worker thread)."""
    from django.db import connection, transaction

    from sifang.monitoring.intake.store import database_errors

    with database_errors("default"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PROBE_S}s'")
        cursor.execute("SELECT sifang_path_probe()")


def last_alive(status: Path) -> datetime | None:
    """Return when the previous watch was last alive, None if there was none."""
    try:
        return datetime.fromisoformat(json.loads(status.read_text("utf-8"))["alive_at"])
    except (OSError, ValueError, KeyError):
        return None


def listen_url() -> str:
    """Return how to connect for LISTEN: the same parameters as alias default."""
    from django.db import connections
    from psycopg.conninfo import make_conninfo

    found = connections["default"].get_connection_params()
    known = ("dbname", "user", "password", "host", "port")
    return make_conninfo(**{name: found[name] for name in known if found.get(name)})


def tls_of(settings: "Settings") -> ssl.SSLContext | None:
    """Return the TLS context of the JT/T 808 port, None when it is not wanted."""
    if not settings.jt808_tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.jt808_tls_cert, settings.jt808_tls_key)
    return context


def main() -> int:
    """Run the watch; 0 after an orderly end."""
    from sifang.ops import settings as all_settings

    os.environ["SIFANG_PROCESS"] = "watch"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sifang.ops.django_settings")
    settings = all_settings.read()
    (settings.data / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.data / "numba"))
    import django
    import uvloop

    django.setup()
    from sifang.kernel.clock import SteadyClock
    from sifang.monitoring.engine.engine import warm_up
    from sifang.monitoring.intake.keystore import KeyStore
    from sifang.monitoring.intake.worker import Worker
    from sifang.ops.logs import configure

    configure(settings.data / "logs", "watch", settings.log_level)
    started = time.monotonic()
    warm_up()
    log.info("kernels_ready", seconds=round(time.monotonic() - started, 1))
    worker = Worker(
        KeyStore(settings.keys_folder), snapshots=settings.data / "snapshots", clock=SteadyClock()
    )
    uvloop.run(_serve(settings, worker))
    return 0


async def _serve(settings: "Settings", worker: "Worker") -> None:
    await Watch(settings, worker).run()


if __name__ == "__main__":
    sys.exit(main())
