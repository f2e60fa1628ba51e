"""`sifang doctor`: what is wrong with an installation, in words an office administrator understands."""

import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psycopg

from sifang.kernel.errors import SifangError
from sifang.law.calendar import Calendar
from sifang.ops import databases
from sifang.ops.roles import ROLES, role_name
from sifang.ops.runtime import holder
from sifang.ops.settings import Settings
from sifang.ops.status import in_word, path_figures, path_in_words, processes
from sifang.ops.supervisor import PortInUse, check_ports

LEAST_FREE_BYTES = 2_000_000_000
LEAST_VERSION, FIRST_UNKNOWN_VERSION = 15, 19
BUILT_AFTER = datetime(2026, 11, 1, tzinfo=UTC)  # a clock before this release is wrong
MOST_CLOCK_S = 5
# settings of the server by which its log quotes no row and no parameter; the values that are well
QUIET_LOGS = {
    "log_statement": {"none", "ddl"},
    "log_min_duration_statement": {"-1"},
    "log_parameter_max_length_on_error": {"0"},
    "log_error_verbosity": {"terse"},
    "log_min_error_statement": {"panic", "fatal", "log"},
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what it is, what to do when it is not."""

    is_well: bool
    what: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield one finding after another; a look that fails is a finding too."""
    looks: list[Callable[[Settings], Iterator[Finding]]] = [
        _python, _disk, _private_files, _keys, _clock, _holidays, _front_end, _ports_or_processes, _path,
        _database,
    ]  # fmt: skip
    for look in looks:
        try:
            yield from look(settings)
        except (SifangError, OSError) as error:
            yield Finding(False, str(error), "请把这一行告诉维护人员")


def _python(_settings: Settings) -> Iterator[Finding]:
    is_known = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding(is_known, f"Python {sys.version.split()[0]}", "需要 3.11 至 3.13")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = next(one for one in (settings.data, *settings.data.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    yield Finding(
        free > LEAST_FREE_BYTES, f"磁盘剩余 {free / 1e9:.1f} GB（{folder}）", "少于 2 GB，请清理磁盘或扩容"
    )
    yield Finding(os.access(folder, os.W_OK), f"数据目录可以写入：{settings.data}", "请检查目录的所有者")


def _private_files(settings: Settings) -> Iterator[Finding]:
    for folder in (settings.data / "secrets", settings.data / "keys", settings.key_backup_folder):
        if not folder.exists():
            continue
        loose = [path for path in (folder, *folder.rglob("*")) if _is_open(path)]
        yield Finding(
            not loose,
            f"密钥目录只有本账号可读：{folder}",
            f"其他账号也能读，请运行 chmod -R go-rwx {folder}",
        )


def _keys(settings: Settings) -> Iterator[Finding]:
    """Whether the watch can copy each key before it is used."""
    try:
        status = json.loads((settings.data / "run" / "watch.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    problem = str(status.get("keys_problem", ""))
    yield Finding(not problem, problem or f"密钥的第二份齐全：{settings.key_backup_folder}", "请检查该目录")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _clock(_settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    yield Finding(now > BUILT_AFTER, f"本机时间 {now:%Y-%m-%d %H:%M} UTC", "时间不对，请打开网络对时")


def _holidays(settings: Settings) -> Iterator[Finding]:
    """Until when deadlines know the rest days; a broken table of the office is a finding by itself."""
    known = Calendar.load(settings.data / "calendars").years
    words = f"节假日表到 {max(known)} 年为止，其后的期限只按周末推算"
    yield Finding(True, f"{words}（新一年公布后录入，见 docs/guide/law.md）")


def _front_end(_settings: Settings) -> Iterator[Finding]:
    spec = find_spec("sifang.web")
    if spec is None or spec.origin is None:
        return
    built = Path(spec.origin).parent / "static" / "sifang" / "dist"
    yield Finding(any(built.glob("*")), "网页前端已构建", "请运行 make setup")


def _ports_or_processes(settings: Settings) -> Iterator[Finding]:
    if holder(settings.data) is None:
        try:
            check_ports(settings)
        except PortInUse as error:
            yield Finding(False, str(error))
        else:
            ports = f"{settings.http_port}、{settings.jt808_port}、{settings.device_http_port}"
            ports += f"、{settings.metrics_port}" if settings.metrics_port else ""
            yield Finding(True, f"端口 {ports} 空闲")
        yield Finding(True, "四方没有运行（运行 sifang up 启动）")
        return
    for row in processes(settings):
        yield Finding(
            row["state"] == "running",
            f"进程 {row['name']}：{in_word(row['state'])}，重启 {row['restarts']} 次",
            f"没有正常运行，请查看 {settings.data / 'logs'}",
        )


def _path(settings: Settings) -> Iterator[Finding]:
    if holder(settings.data) is None:
        return
    lines = path_in_words(path_figures(settings))
    jobs = [line for line in lines if line.startswith("后台任务")]
    yield Finding("停滞" not in lines[0], lines[0], f"请查看 {settings.data / 'logs'} 里的 guard 和 watch")
    for line in jobs:
        yield Finding("停滞" not in line, line, f"请查看 {settings.data / 'logs' / 'jobs.jsonl'}")


def _database(settings: Settings) -> Iterator[Finding]:
    is_embedded = databases.is_embedded(settings)
    if is_embedded and holder(settings.data) is None:
        return  # it runs with the installation
    for role in ROLES:
        try:
            with psycopg.connect(databases.url_of(settings, role), connect_timeout=5) as connection:
                yield from _one_role(connection, role)
        except (psycopg.OperationalError, SifangError):
            yield Finding(False, f"数据库账号 {role_name(role)} 不能登录", "请检查数据库是否运行、地址和密码")


def _one_role(connection: psycopg.Connection, role: str) -> Iterator[Finding]:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    yield Finding(
        row is not None and not row[0],
        f"数据库账号 {role_name(role)} 权限适当",
        "它能绕过行级权限，请收回 SUPERUSER 和 BYPASSRLS",
    )
    if role == "owner":
        yield from _server(connection)


def _server(connection: psycopg.Connection) -> Iterator[Finding]:
    major = connection.info.server_version // 10_000
    yield Finding(LEAST_VERSION <= major < FIRST_UNKNOWN_VERSION, f"PostgreSQL {major}", "需要 15 至 18 版")
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is not None:
        apart = abs((row[0] - datetime.now(UTC)).total_seconds())
        yield Finding(apart < MOST_CLOCK_S, "数据库与本机时间一致", f"相差 {apart:.0f} 秒，请打开网络对时")
    quoting = [name for name, good in QUIET_LOGS.items() if _shown(connection, name) not in good]
    yield Finding(
        not quoting,
        "数据库日志不抄录数据行",
        f"它会把数据行或语句写进日志，请改 {'、'.join(quoting)}（见 docs/guide/operation.md）",
    )
    missing = _missing_migrations(connection)
    yield Finding(not missing, "数据库结构与程序版本一致", f"还差 {missing} 个变更，请运行 sifang up")


def _shown(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""


def _missing_migrations(connection: psycopg.Connection) -> int:
    """Return how many of our migrations (files in the rooms) the database does not have."""
    rows = connection.execute("SELECT app || '.' || name FROM django_migrations").fetchall()
    applied = {row[0] for row in rows}
    spec = find_spec("sifang")
    assert spec is not None
    assert spec.submodule_search_locations
    home = Path(spec.submodule_search_locations[0])
    wanted = {f"{path.parent.parent.name}.{path.stem}" for path in home.glob("*/migrations/0*.py")}
    return len(wanted - applied)


def report(settings: Settings) -> tuple[str, bool]:
    """Return the findings in words, and whether all is well."""
    findings = list(examine(settings))
    lines = [
        f"{'✓' if one.is_well else '✗'} {one.what}"
        + ("" if one.is_well or not one.advice else f" → {one.advice}")
        for one in findings
    ]
    bad = sum(not one.is_well for one in findings)
    lines.append("一切正常。" if not bad else f"有 {bad} 处需要处理。")
    return "\n".join(lines), not bad
