"""The judge: the clients' history against what the system returns. Pure; every finding is a line to read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tests.faults.common.history import Content, Fix, History
from tests.faults.common.tracks import Breach

F_STRAP_OPEN = 4
BEFORE_S, AFTER_S = 90, 120  # an episode may begin so much before and after what was seeded
SEEDED = ("boundary_left", "place_entered", "strap")
SHOWN = 5


@dataclass
class Verdict:
    """What was wrong; `lines` names the first cases of each kind."""

    offered: int = 0
    acknowledged: int = 0
    read: int = 0
    lost: int = 0
    double: int = 0
    phantom: int = 0
    changed: int = 0
    breaches: int = 0
    alarms: int = 0
    missed: int = 0
    duplicate_alarms: int = 0
    alarms_without_breach: int = 0
    other_alarms: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not (
            self.lost or self.double or self.phantom or self.changed or self.missed
            or self.duplicate_alarms or self.alarms_without_breach
        )  # fmt: skip

    def figures(self) -> dict[str, Any]:
        """Return the numbers without the lines."""
        return {name: value for name, value in asdict(self).items() if name != "lines"}

    def note(self, what: str, cases: Sequence[object]) -> int:
        """Add a line about these cases; return how many there are."""
        if cases:
            self.lines.append(f"{what}: {len(cases)}, first {list(cases)[:SHOWN]}")
        return len(cases)


def content_of(row: np.void) -> Content:
    """Return the content of a fix (FIX) in the form of the history."""
    return (
        round(float(row["lat"]) * 1e6), round(float(row["lon"]) * 1e6), round(float(row["speed_kmh"]) * 10),
        round(float(row["course_deg"])), int(bool(int(row["flags"]) & F_STRAP_OPEN)),
        int(row["battery_pct"]), int(row["satellites"]),
    )  # fmt: skip


def judge_fixes(verdict: Verdict, before: History, after: History, found: Mapping[int, np.ndarray]) -> None:
    """Compare what was read with the history before the reading (must be there) and after (may be there).

    Lost: acknowledged before and not returned. Double: a device's second returned more than once. Phantom:
    returned and never offered. Changed: returned with another content than was offered.
    """
    seen: Counter[Fix] = Counter()
    changed: list[object] = []
    for device, rows in found.items():
        for row in rows:
            fix = (device, int(row["taken_s"]))
            seen[fix] += 1
            offered = after.offered.get(fix)
            if offered is not None and content_of(row) != offered:
                changed.append((fix, offered, content_of(row)))
    verdict.offered, verdict.acknowledged = len(after.offered), len(before.acknowledged)
    verdict.read = sum(seen.values())
    verdict.lost = verdict.note("lost", sorted(before.acknowledged - seen.keys()))
    doubles = [(fix, n) for fix, n in seen.items() if n > 1]
    verdict.note("returned more than once", doubles)
    verdict.double = sum(n - 1 for _, n in doubles)
    verdict.phantom = verdict.note("never offered", [fix for fix in seen if fix not in after.offered])
    verdict.changed = verdict.note("another content", changed)


@dataclass(frozen=True)
class AlarmRow:
    """An alarm record; seconds are Unix time, `began_s` by the device's clock."""

    device: int
    kind: str
    began_s: int
    raised_s: float
    id: str


def judge_alarms(verdict: Verdict, breaches: Iterable[Breach], alarms: Iterable[AlarmRow]) -> None:
    """Every seeded breach must have exactly one alarm record; none may stand without one.

    Alarms of kinds that were not seeded (a device fell silent) are only counted.
    """
    seeded = list(breaches)
    of: dict[Breach, list[AlarmRow]] = {one: [] for one in seeded}
    loose: list[AlarmRow] = []
    other: Counter[str] = Counter()
    for alarm in alarms:
        if alarm.kind not in SEEDED:
            other[alarm.kind] += 1
            continue
        fitting = [
            one for one in seeded
            if (one.device, one.kind) == (alarm.device, alarm.kind)
            and one.from_s - BEFORE_S <= alarm.began_s <= one.to_s + AFTER_S
        ]  # fmt: skip
        if fitting:
            of[fitting[0]].append(alarm)
        else:
            loose.append(alarm)
    verdict.breaches, verdict.alarms = len(seeded), sum(map(len, of.values())) + len(loose)
    verdict.missed = verdict.note("no alarm for", [one for one in seeded if not of[one]])
    many = {one: rows for one, rows in of.items() if len(rows) > 1}
    verdict.note("more than one alarm", list(many.items()))
    verdict.duplicate_alarms = sum(len(rows) - 1 for rows in many.values())
    verdict.alarms_without_breach = verdict.note("alarm without a breach", loose)
    verdict.other_alarms = dict(other)
