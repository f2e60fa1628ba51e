"""`sifang status`: what runs, whether it serves, and what the database has counted."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from sifang.kernel.errors import SifangError
from sifang.kernel.time import SHANGHAI
from sifang.ops import databases
from sifang.ops.deadman import WORDS
from sifang.ops.guardian import read_json
from sifang.ops.runtime import holder, read_state, started_ticks, version
from sifang.ops.settings import Settings

GUARD_SILENT_S = 60.0
REFUSED = {
    "unknown_device": "未登记的装置", "unknown_terminal": "未登记的终端", "future": "时间超前",
    "too_old": "时间过早", "bad_position": "坐标不可能", "no_measure": "没有生效的定位措施",
    "measure_ended": "措施已结束", "before_measure": "措施开始之前", "unauthenticated": "未鉴权",
    "bad_auth": "鉴权码不对", "other_terminal": "冒用其他终端号", "sim_changed": "SIM 卡不符",
    "imei_differs": "IMEI 不符", "bad_checksum": "校验不对", "bad_length": "长度不对",
    "bad_escape": "转义不对", "bad_value": "数值不可能", "bad_frame": "报文不可用",
    "unknown_message": "不认识的消息", "encrypted": "加密报文", "between_frames": "报文之间的杂字节",
    "too_large": "分包过大", "incomplete": "分包不全", "too_many_connections": "连接过多",
}  # fmt: skip


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
    if rows:
        answer["watch"] = path_figures(settings)
    if counted is not None:
        answer["fixes"] = {"acknowledged": counted["acknowledged"], "refused": counted["refused"]}
        answer["alarms"] = {"open": counted["open"], "raised": counted["raised"]}
    return answer


def path_figures(settings: Settings) -> dict[str, Any]:
    """Return how fixes get through: figures of the watch since its start, findings of the guard.

    `stuck` also when the guard itself has not spoken for `GUARD_SILENT_S`. Times in seconds and milliseconds.
    """
    found = read_json(settings.data / "run" / "watch.json")
    guard = read_json(settings.data / "run" / "guard.json")
    path = found.get("path", {})
    silent = seconds_since(guard.get("alive_at"))
    is_silent = silent is None or silent > GUARD_SILENT_S
    backlog = guard.get("backlog", {})
    return {
        "stuck": bool(guard.get("stuck")) or is_silent,
        "since": guard.get("since"),
        "reasons": ["guard"] if is_silent else guard.get("reasons", []),
        "lag_ms": path.get("lag_ms", {}),
        "lag_s": round(path.get("lag_ms", {}).get("p99", 0.0) / 1000, 3),
        "oldest_unacknowledged_s": path.get("oldest_unacknowledged_s", 0.0),
        "tick_ms": path.get("tick_ms", {}),
        "ticks": path.get("ticks", 0),
        "waiting": path.get("waiting", 0),
        "acknowledged": found.get("acknowledged", 0),
        "refused": found.get("refused", {}),
        "database_lost": found.get("database_lost", False),
        "measures_version": found.get("measures_version"),
        "tracked": found.get("tracked"),
        "connections": found.get("connections", {}),
        "probe_s": guard.get("probe_s"),
        "jobs": {
            "waiting": backlog.get("jobs_waiting"),
            "oldest_s": backlog.get("oldest_job_s"),
            "failed": backlog.get("jobs_failed"),
            "stuck": bool(guard.get("jobs_stuck")),
        },
    }


def seconds_since(moment: object) -> float | None:
    """Return how long ago an ISO moment was, None when it is none."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(str(moment))).total_seconds()
    except ValueError:
        return None


def in_word(state: str) -> str:
    """Return the state of a process as a person at the terminal reads it."""
    return {
        "running": "运行", "starting": "启动中", "restarting": "重启中", "stopping": "停止中",
        "waiting": "等待启动", "stopped": "已停止",
    }.get(state, state)  # fmt: skip


def path_in_words(path: dict[str, Any]) -> list[str]:
    """Return what the watch and the guard say, for a person at the terminal."""
    if path["stuck"]:
        since = (
            path["since"] and f"，自 {datetime.fromisoformat(path['since']).astimezone(SHANGHAI):%H:%M} 起"
        )
        why = "；".join(WORDS.get(one, one) for one in path["reasons"])
        lines = [f"接收：停滞{since or ''}（{why}）"]
    else:
        lines = [f"接收：正常，{path['connections'].get('signed_in', 0)} 台装置在线"]
    tick, lag = path["tick_ms"], path["lag_ms"]
    if lag:
        lines.append(
            f"  收到至入库 {lag['p50']:.0f} 毫秒（99% 在 {lag['p99']:.0f} 毫秒内），"
            f"每批 {tick.get('p50', 0):.0f} 毫秒（99% 在 {tick.get('p99', 0):.0f} 毫秒内）"
        )
    lines.append(f"  等待入库 {path['waiting']}，其中最早的已等 {path['oldest_unacknowledged_s']:.1f} 秒")
    lines += [
        f"  拒收 {REFUSED.get(reason, reason)} {n}"
        for reason, n in sorted(path["refused"].items(), key=lambda pair: -pair[1])
    ]
    jobs = path["jobs"]
    if jobs["waiting"] is not None:
        state = "停滞" if jobs["stuck"] else "正常"
        failed = f"，{jobs['failed']} 项最终失败" if jobs["failed"] else ""
        lines.append(
            f"后台任务：{state}，{jobs['waiting']} 项等待，最早的已等 {jobs['oldest_s']:.0f} 秒{failed}"
        )
    return lines


def in_words(answer: dict[str, Any]) -> str:
    """Return the answer for a person at the terminal."""
    head = "正常" if answer["ready"] else "没有运行" if not answer["processes"] else "还没有就绪"
    lines = [f"四方 {answer['version']}：{head}", f"网址 {answer['url']}", f"数据 {answer['data']}"]
    lines += [
        f"  {row['name']:<10} {in_word(row['state'])}  进程 {row['pid'] or '—'}  重启 {row['restarts']} 次"
        for row in answer["processes"]
    ]
    if "watch" in answer:
        lines += path_in_words(answer["watch"])
    if "fixes" in answer:
        refused = sum(answer["fixes"]["refused"].values())
        lines.append(f"定位：已确认 {answer['fixes']['acknowledged']}，拒收 {refused}")
        lines.append(f"报警：未关闭 {answer['alarms']['open']}，累计 {answer['alarms']['raised']}")
    return "\n".join(lines)
