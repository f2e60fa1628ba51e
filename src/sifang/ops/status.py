"""`sifang status`: what runs, whether it serves, and what the database has counted."""

from typing import Any

import psycopg

from sifang.kernel.errors import SifangError
from sifang.ops import databases
from sifang.ops.runtime import holder, read_state, started_ticks, version
from sifang.ops.settings import Settings


def processes(settings: Settings) -> list[dict[str, Any]]:
    """Return name, pid, state and restarts of each process of the running installation."""
    if holder(settings.data) is None:
        return []
    rows = []
    for one in read_state(settings.data).get("processes", []):
        is_there = one["pid"] is not None and started_ticks(one["pid"]) == one["ticks"]
        state = one["state"] if is_there or one["state"] == "stopped" else "restarting"
        rows.append(
            {
                "name": one["name"],
                "pid": one["pid"] if is_there else None,
                "state": state,
                "restarts": one["restarts"],
            }
        )
    return rows


def counts(settings: Settings) -> dict[str, Any] | None:
    """Return what the database has counted; None when it cannot be asked."""
    try:
        with psycopg.connect(databases.url_of(settings, "jobs"), connect_timeout=5) as connection:
            row = connection.execute("SELECT sifang_counts()").fetchone()
    except (psycopg.Error, SifangError):
        return None
    return row[0] if row else None


def status(settings: Settings) -> dict[str, Any]:
    """Return the answer of `sifang status --json` (DESIGN § 15; rooms that do not exist yet are absent)."""
    rows = processes(settings)
    counted = counts(settings)
    state = read_state(settings.data) if rows else {}
    is_ready = bool(
        state.get("is_ready") and counted is not None and all(row["state"] == "running" for row in rows)
    )
    answer: dict[str, Any] = {
        "version": version(),
        "ready": is_ready,
        "url": state.get("url", settings.url),
        "data": str(settings.data),
        "processes": rows,
    }
    if counted is not None:
        answer["fixes"] = {"acknowledged": counted["acknowledged"], "refused": counted["refused"]}
        answer["alarms"] = {"open": counted["open"], "raised": counted["raised"]}
    return answer


def in_word(state: str) -> str:
    """Return the state of a process as a person at the terminal reads it."""
    return {
        "running": "运行", "starting": "启动中", "restarting": "重启中", "stopping": "停止中",
        "waiting": "等待启动", "stopped": "已停止",
    }.get(state, state)  # fmt: skip


def in_words(answer: dict[str, Any]) -> str:
    """Return the answer for a person at the terminal."""
    head = "正常" if answer["ready"] else "没有运行" if not answer["processes"] else "还没有就绪"
    lines = [f"四方 {answer['version']}：{head}", f"网址 {answer['url']}", f"数据 {answer['data']}"]
    lines += [
        f"  {row['name']:<10} {in_word(row['state'])}  进程 {row['pid'] or '—'}  重启 {row['restarts']} 次"
        for row in answer["processes"]
    ]
    if "fixes" in answer:
        refused = sum(answer["fixes"]["refused"].values())
        lines.append(f"定位：已确认 {answer['fixes']['acknowledged']}，拒收 {refused}")
        lines.append(f"报警：未关闭 {answer['alarms']['open']}，累计 {answer['alarms']['raised']}")
    return "\n".join(lines)
