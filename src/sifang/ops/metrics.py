"""The figures of an installation as Prometheus text (format 0.0.4). Labels name reasons, states, processes.

Never a person, a device, a measure or an address: `tests/test_metrics.py` reads every line of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CODE = re.compile(r"[a-z_]{1,24}")
Samples = Iterable[tuple[Mapping[str, str], float]]


def render(facts: Mapping[str, Any]) -> str:
    """Return the page for what the guard has gathered (`watch`, `finding`, `backlog`, `processes`…)."""
    return "\n".join([*_guard(facts), *_watch(facts.get("watch") or {}), *_installation(facts)]) + "\n"


def _one(name: str, kind: str, about: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP sifang_{name} {about}"
    yield f"# TYPE sifang_{name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"sifang_{name}{'{' + inside + '}' if inside else ''} {_number(value)}"


def _gauge(name: str, about: str, value: float | None) -> Iterator[str]:
    if value is not None:
        yield from _one(name, "gauge", about, [({}, value)])


def _counter(name: str, about: str, value: float | None) -> Iterator[str]:
    if value is not None:
        yield from _one(name, "counter", about, [({}, value)])


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _histogram(name: str, about: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"# HELP sifang_{name} {about}"
    yield f"# TYPE sifang_{name} histogram"
    total = 0
    for bound, count in zip([*found["bounds"], None], found["counts"], strict=True):
        total += count
        edge = "+Inf" if bound is None else _number(bound)
        yield f'sifang_{name}_bucket{{le="{edge}"}} {total}'
    yield f"sifang_{name}_sum {_number(found['sum'])}"
    yield f"sifang_{name}_count {total}"


def _guard(facts: Mapping[str, Any]) -> Iterator[str]:
    finding = facts["finding"]
    yield from _gauge("path_stuck", "1 when fixes do not get through.", float(finding.is_stuck))
    yield from _one(
        "path_stuck_reason",
        "gauge",
        "1 for each reason found now.",
        [({"reason": reason}, 1.0) for reason in finding.reasons],
    )
    yield from _gauge("probe_age_seconds", "Since the last answered end-to-end probe.", facts.get("probe_s"))
    yield from _gauge("database_up", "1 when the database answers.", float(facts.get("database_up", False)))
    yield from _gauge("jobs_stuck", "1 when jobs do not begin.", float(facts.get("jobs_stuck", False)))


def _watch(status: Mapping[str, Any]) -> Iterator[str]:
    yield from _gauge("watch_up", "1 when the watch tells its figures.", float(bool(status)))
    if not status:
        return
    path = status.get("path", {})
    yield from _counter("fixes_received_total", "Fixes taken from devices.", path.get("received"))
    yield from _counter("fixes_acknowledged_total", "Fixes answered.", status.get("acknowledged"))
    yield from _counter("fixes_turned_away_total", "Fixes not taken: full.", path.get("turned_away"))
    yield from _one(
        "refused_total",
        "counter",
        "Refused frames and fixes by reason since the start of the watch.",
        [({"reason": reason}, n) for reason, n in sorted(_by_code(status.get("refused", {})).items())],
    )
    yield from _gauge("fixes_waiting", "Fixes whose fate is not known yet.", path.get("waiting"))
    yield from _gauge(
        "oldest_unacknowledged_seconds",
        "Age of the oldest unanswered byte.",
        path.get("oldest_unacknowledged_s"),
    )
    yield from _counter("ticks_total", "Ticks committed.", path.get("ticks"))
    yield from _counter("ticks_lost_total", "Ticks of which nobody was acknowledged.", path.get("ticks_lost"))
    yield from _counter("tick_retries_total", "Failed attempts at a tick.", status.get("failed_attempts"))
    for name, about in (("tick", "Time of a tick in the worker, commit included."),
                        ("lag", "Received to committed and answered, per fix.")):  # fmt: skip
        if found := path.get(f"{name}_seconds"):
            yield from _histogram(f"{name}_seconds", about, found)
    yield from _gauge("loop_late_seconds", "How late the event loop woke last.", status.get("loop_late_s"))
    yield from _one(
        "connections",
        "gauge",
        "Open JT/T 808 connections by state.",
        [({"state": state}, n) for state, n in sorted(status.get("connections", {}).items())],
    )
    yield from _one(
        "link_events_total",
        "counter",
        "What happened to connections.",
        [({"event": event}, n) for event, n in sorted(status.get("links", {}).items())],
    )
    yield from _gauge(
        "devices_set_aside", "Devices whose fixes cannot be stored.", status.get("devices_aside")
    )
    yield from _gauge(
        "database_lost", "1 when the watch has lost it.", float(status.get("database_lost", False))
    )
    yield from _gauge("measures_version", "Version of the measures in use.", status.get("measures_version"))
    yield from _gauge("tracked", "Live measures with a device.", status.get("tracked"))
    yield from _counter("alarms_raised_total", "Since the start of the watch.", status.get("alarms_raised"))
    yield from _gauge("journal_last_block", "Id of the last block written.", status.get("last_block"))
    yield from _gauge("keys_problem", "1 when keys cannot be kept.", float(bool(status.get("keys_problem"))))


def _by_code(counts: Mapping[str, float]) -> Mapping[str, float]:
    """Return the counts by fixed code; what is none (and might be somebody's text) counts as `other`."""
    found: dict[str, float] = {}
    for reason, n in counts.items():
        code = reason if CODE.fullmatch(reason) else "other"
        found[code] = found.get(code, 0) + n
    return found


BACKLOG = {
    "jobs_waiting": "Jobs that could begin now.",
    "jobs_running": "Jobs that run.",
    "jobs_failed": "Jobs that finally failed.",
    "oldest_job_s": "Age of the oldest job that could begin, seconds.",
    "incidents_open": "Technical incidents that last.",
    "journal_oldest_s": "Age of the oldest journal block, seconds: how far compaction is behind.",
    "hours_failed": "Hours of the journal that could not be compacted.",
    "late_waiting": "Late work that waits.",
}


def _installation(facts: Mapping[str, Any]) -> Iterator[str]:
    backlog, counts = facts.get("backlog") or {}, facts.get("counts") or {}
    for key, about in BACKLOG.items():
        name = key.removesuffix("_s") + "_seconds" if key.endswith("_s") else key
        yield from _gauge(name, about, backlog.get(key))
    yield from _gauge("snapshot_age_seconds", "Age of the newest snapshot.", facts.get("snapshot_age_s"))
    yield from _gauge("alarms_open", "Alarms that are not closed.", counts.get("open"))
    yield from _gauge("fixes_stored", "Fixes that the journal holds.", counts.get("acknowledged"))
    processes = facts.get("processes") or []
    for name, kind, about in (
        ("up", "gauge", "1 when the process is there."),
        ("restarts_total", "counter", "How often it was brought back."),
        ("resident_memory_bytes", "gauge", "Memory."),
        ("cpu_seconds_total", "counter", "User and system time."),
    ):
        yield from _one(
            f"process_{name}",
            kind,
            about,
            [({"process": row["name"]}, row[name]) for row in processes if row.get(name) is not None],
        )
