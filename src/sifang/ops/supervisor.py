"""`sifang up` and `sifang demo`: start every process of the installation, keep it alive, end it in order.

One thread, no Django. Any process may die at any moment, PostgreSQL too; it comes back after a wait that
doubles with each quick failure. Whatever a process says by its exit code, it has work to do and is started
again. When the supervisor itself is killed, the kernel tells its processes to end; what is left of them is
ended by the next start.
"""

import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError
from sifang.kernel.log import get_logger
from sifang.ops import databases
from sifang.ops.children import Child, accepts, answers_http, open_output, spawn
from sifang.ops.guardian import Guardian
from sifang.ops.runtime import DEMO_MARK, Lock, end_leftovers, reachable, version, write_state
from sifang.ops.secret_files import data_folder, kept, private_folder, write_private
from sifang.ops.settings import PREFIX, Settings

TICK_S = 0.1
METRICS_BIND = "127.0.0.1"  # figures of the installation are for its own machine
WAITING_S = 5.0
PATIENCE_S = 8.0  # how long processes may take to end by themselves
DATABASE_PATIENCE_S = 25.0
LEFTOVER_PATIENCE_S = 10.0  # for the ports of what a killed supervisor left
log = get_logger("ops")


class PortInUse(SifangError):
    """端口 {port} 已被占用；请关闭占用它的程序，或用 {name} 换一个端口。"""

    code: ClassVar[str] = "port_in_use"


class BadAddress(SifangError):
    """地址 {bind} 不能监听（SIFANG_BIND）：{reason}"""

    code: ClassVar[str] = "bad_address"


class StepFailed(SifangError):
    """{step}没有完成，原因见上；详细记录在 {logs}。"""

    code: ClassVar[str] = "step_failed"


class NotDemoData(SifangError):
    """{data} 里是正式数据，不能在其上运行演示；请为演示另设 SIFANG_DATA。"""

    code: ClassVar[str] = "not_demo_data"


class DemoOnlyHere(SifangError):
    """演示账号的密码是公开的，演示只能监听本机地址，不能是 {bind}（SIFANG_BIND）。"""

    code: ClassVar[str] = "demo_only_here"


class Stopped(SifangError):
    """已停止。"""

    code: ClassVar[str] = "stopped"


def say(text: str) -> None:
    """Tell the person at the terminal, at once."""
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class Supervisor:
    """All processes of one installation, from `run` to its return."""

    def __init__(
        self, settings: Settings, *, demo: "Demo | None" = None, ready: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self._demo = demo
        self._on_ready = ready
        self._logs = settings.data / "logs"
        self._children: list[Child] = []
        self._signals = 0
        self._last_signal = 0
        self._steps = 0
        self._is_ready = False  # once everything served; status looks at the present
        self._is_unwritten = False  # the state, for want of room
        self._guardian = Guardian(settings.data)
        self._is_demo_data = demo is not None or (settings.data / DEMO_MARK).exists()

    def run(self) -> int:
        """Start everything, keep it running until SIGINT or SIGTERM, end everything; return 0."""
        data_folder(self.settings.data)
        lock = Lock(self.settings.data)
        lock.take()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        try:
            self._begin()
            self._keep_running()
        except Stopped:
            pass
        finally:
            self._end_all()
            lock.release()
        return 0

    def _note_signal(self, number: int, _frame: object) -> None:
        self._signals += 1
        self._last_signal = number

    def say_step(self, what: str) -> None:
        """Say which step of the start begins."""
        self._steps += 1
        say(f"[{self._steps}/{3 if self._demo is None else 4}] {what}")

    # -- starting ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        private_folder(self._logs)
        leftovers = end_leftovers(self.settings.data)
        for name in leftovers:
            log.info("leftover_ended", process=name)
        check_ports(self.settings, patience_s=LEFTOVER_PATIENCE_S if leftovers else 0.0)
        kept(self.settings.secrets_folder / "django_key")
        private_folder(self.settings.data / "keys")
        log.info("installation_starting", version=version())
        if databases.is_embedded(self.settings):
            self.say_step("启动内置数据库 PostgreSQL")
            self._start_database()
        else:
            self.say_step("使用外部数据库 PostgreSQL")
        self.say_step("检查并更新数据库结构")
        self.run_step("数据库更新", [sys.executable, "-m", "sifang.ops.prepare"])
        if self._demo is not None:
            self._demo.prepare(self)
        self.say_step("启动服务")
        self._add_services()
        self._write_state()

    def _start_database(self) -> None:
        server = databases.embedded(self.settings)
        if server.make_cluster():
            log.info("cluster_made")
        child = Child("postgres", lambda: server.spawn(open_output(self._logs, "postgres")), server.answers)
        self._children.append(child)
        until = time.monotonic() + 120  # recovery after a power cut takes its time
        while child.state != "running":
            self._tend()
            if time.monotonic() > until:
                raise StepFailed(step="内置数据库的启动", logs=self._logs / "postgres.out")
            time.sleep(0.05)

    def _full_environment(self) -> dict[str, str]:
        """Return the environment for preparing the database: all settings, role owner."""
        return {**os.environ, "SIFANG_DATA": str(self.settings.data), "SIFANG_PROCESS": "owner",
                "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings", **self._marks()}  # fmt: skip

    def _marks(self) -> dict[str, str]:
        return {"SIFANG_DEMO": "1"} if self._is_demo_data else {}

    def run_step(self, what: str, argv: list[str]) -> None:
        """Run, as role owner, a program that must end well before the start goes on.

        Raises StepFailed, Stopped.
        """
        process = subprocess.Popen(  # noqa: S603 (our own program)
            argv, env=self._full_environment(), start_new_session=True, stdin=subprocess.DEVNULL
        )
        try:
            while process.poll() is None:
                self._tend()
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise StepFailed(step=what, logs=self._logs)

    def environment_of(self, process: str) -> dict[str, str]:
        """Return the environment of a process: the settings, and the database addresses it may use."""
        secret = f"{PREFIX}DATABASE_URL"
        env = {name: value for name, value in os.environ.items() if not name.startswith(secret)}
        for role in set(databases.ALIASES[process].values()):
            env[f"{secret}_{role.upper()}"] = databases.url_of(self.settings, role)
        return env | self._marks() | {
            "SIFANG_DATA": str(self.settings.data),
            "SIFANG_PROCESS": process,
            "DJANGO_SETTINGS_MODULE": "sifang.ops.django_settings",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR")
            or str(private_folder(self.settings.data / "cache") / "numba"),
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def _service(self, name: str, argv: list[str], serves: Callable[[], bool], process: str) -> Child:
        env = self.environment_of(process)
        return Child(name, lambda: spawn([sys.executable, *argv], env, open_output(self._logs, name)), serves)

    def _add_services(self) -> None:
        one = self.settings
        host = reachable(one.bind)
        web = ["-m", "granian", "--interface", "asginl", "--host", one.bind, "--port", str(one.http_port),
               "--workers", "1", "--respawn-failed-workers", "--workers-kill-timeout", "3",
               "--no-ws", "sifang.ops.asgi:application"]  # fmt: skip
        self._children.append(self._service("web", web, lambda: answers_http(host, one.http_port), "web"))
        if find_spec("sifang.ops.watch") is not None:
            watch = ["-m", "sifang.ops.watch"]
            self._children.append(
                self._service(
                    "watch",
                    watch,
                    lambda: accepts(host, one.jt808_port) and accepts(host, one.device_http_port),
                    "watch",
                )
            )
        self._children.append(self._service("guard", ["-m", "sifang.ops.guard"], lambda: True, "guard"))
        self._children.append(self._service("jobs", ["-m", "sifang.ops.jobs"], lambda: True, "jobs"))
        if self._demo is not None and self._demo.sim_file.exists():
            simulator = ["-m", "sifang_sim", "--config", str(self._demo.sim_file)]
            self._children.append(
                Child(
                    "simulator",
                    lambda: spawn(
                        [sys.executable, *simulator],
                        {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
                        open_output(self._logs, "simulator"),
                    ),
                    lambda: True,
                )
            )

    # -- running ----------------------------------------------------------------------------------

    def _tend(self) -> None:
        """Look after each process once. Raises Stopped when a signal came."""
        if self._signals:
            raise Stopped
        changed = False
        for child in self._children:
            before = child.restarts
            changed |= child.tend()
            if child.restarts != before:
                log.warning("process_ended", process=child.name, code=child.last_code, n=child.restarts)
        if changed or self._is_unwritten:
            self._write_state()

    def _say_waiting(self, began: float, told: int) -> int:
        """Say now and then for whom the start waits; return how often it was said."""
        if self._is_ready or time.monotonic() - began < WAITING_S * (told + 1):
            return told
        late = [child.name for child in self._children if child.state != "running"]
        hint = "（第一次要编译计算核心，请稍候）" if "watch" in late and not told else ""
        say(f"      等待 {'、'.join(late)}{hint}")
        return told + 1

    def _keep_running(self) -> None:
        began, told = time.monotonic(), 0
        while True:
            self._tend()
            told = self._say_waiting(began, told)
            self._guardian.look(self._children)
            if not self._is_ready and all(child.state == "running" for child in self._children):
                self._is_ready = True
                log.info("installation_ready")
                self._on_ready()
                self._write_state()
            time.sleep(TICK_S)

    def _write_state(self) -> None:
        """Tell what runs; on a full disk it is told as soon as there is room, and all goes on meanwhile."""
        state = {
            "url": self.settings.url,
            "demo": self._is_demo_data,
            "is_ready": self._is_ready,
            "processes": [child.report() for child in self._children],
        }
        try:
            write_state(self.settings.data, state)
        except OSError as error:
            if not self._is_unwritten:
                log.warning("state_not_written", error=type(error).__name__)
            self._is_unwritten = True
        else:
            self._is_unwritten = False

    # -- ending -----------------------------------------------------------------------------------

    def _end_all(self) -> None:
        """End the services together, then the database, each with patience; a second signal ends it."""
        if not self._children:
            return
        say("正在停止…")
        log.info("installation_ending", signal=self._last_signal)
        self._signals = 0
        services = [child for child in self._children if child.name != "postgres"]
        self._end(services, signal.SIGTERM, PATIENCE_S)
        self._end([c for c in self._children if c.name == "postgres"], signal.SIGINT, DATABASE_PATIENCE_S)
        self._is_ready = False
        self._write_state()
        log.info("installation_ended")
        say("已停止。")

    def _end(self, children: list[Child], sig: signal.Signals, patience_s: float) -> None:
        for child in children:
            child.ask_to_end(sig)
        until = time.monotonic() + patience_s
        while not all(child.has_ended() for child in children):
            if time.monotonic() > until or self._signals:
                break
            time.sleep(0.05)
        for child in children:
            child.end_group()
            while not child.has_ended():
                time.sleep(0.02)
            child.state = "stopped"


class Demo:
    """The demonstration city on top of an installation: seeded once, then its devices speak."""

    def __init__(self, settings: Settings, persons: int | None, tracked: int | None) -> None:
        self._mark = settings.data / DEMO_MARK
        self.sim_file = settings.data / "demo" / "sim.json"
        is_open = settings.bind in {"0.0.0.0", "::"}  # noqa: S104 (a comparison)
        if is_open or not ipaddress.ip_address(reachable(settings.bind)).is_loopback:
            raise DemoOnlyHere(bind=settings.bind)
        has_data = (settings.data / "secrets").exists()
        if has_data and not self._mark.exists():
            raise NotDemoData(data=settings.data)
        self._wanted = {"persons": persons or 3292, "tracked": 100 if tracked is None else tracked}
        self._was_asked = persons is not None or tracked is not None
        data_folder(settings.data)
        if not self._mark.exists():
            self._write_mark({**self._wanted, "seeded": False})

    def _read_mark(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._mark.read_text(encoding="utf-8"))
        return found

    def _write_mark(self, state: dict[str, Any]) -> None:
        write_private(self._mark, json.dumps(state))

    def prepare(self, supervisor: Supervisor) -> None:
        """Seed the city unless it was, and tell the simulator the port. Raises StepFailed."""
        state = self._read_mark()
        if not state["seeded"]:
            supervisor.say_step(
                f"生成演示城市：{self._wanted['persons']} 人，其中 {self._wanted['tracked']} 人电子定位"
            )
            private_folder(self.sim_file.parent)
            numbers = [f"--{name}={self._wanted[name]}" for name in ("persons", "tracked")]
            argv = [sys.executable, "-m", "sifang.ops.seed_demo", *numbers, f"--sim={self.sim_file}"]
            supervisor.run_step("演示数据的生成", argv)
            self._write_mark({**self._wanted, "seeded": True})
        else:
            supervisor.say_step("保留已有的演示数据")
            if self._was_asked and any(state[name] != self._wanted[name] for name in self._wanted):
                say(f"      已有 {state['persons']} 人、{state['tracked']} 人定位")
                say("      要改变人数，先运行 make clean-demo")
        if self.sim_file.exists():
            plan = json.loads(self.sim_file.read_text(encoding="utf-8"))
            plan["net"] = str(_net_file())  # the program may have moved since
            plan["jt808"] = {
                "host": reachable(supervisor.settings.bind),
                "port": supervisor.settings.jt808_port,
            }
            write_private(self.sim_file, json.dumps(plan, ensure_ascii=False))


def _net_file() -> Path:
    """Return the drawn net on which simulated persons move."""
    spec = find_spec("sifang.web")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "mapdata" / "base_schematic.geojson"


def check_ports(settings: Settings, *, patience_s: float = 0.0) -> None:
    """See that the ports are free before anything starts. Raises PortInUse, BadAddress.

    `patience_s`: wait so long for a port in use. A killed process lets its ports go only when its last thread
    has ended, a moment after the process itself looks gone (so in 15 of 25 trials).
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return _try_ports(settings)
        except PortInUse:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _try_ports(settings: Settings) -> None:
    for name in ("http_port", "jt808_port", "device_http_port", "metrics_port"):
        port = getattr(settings, name)
        bind = settings.bind if name != "metrics_port" else METRICS_BIND
        if not port:  # not wanted
            continue
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
                probe.listen()
            except PermissionError as error:
                raise BadAddress(bind=f"{bind}:{port}", reason="没有权限") from error
            except socket.gaierror as error:
                raise BadAddress(bind=bind, reason="不是本机地址") from error
            except OSError as error:
                if error.errno != 98:  # noqa: PLR2004 (EADDRINUSE)
                    raise BadAddress(bind=bind, reason=os.strerror(error.errno or 0)) from error
                raise PortInUse(port=port, name=PREFIX + name.upper()) from error
