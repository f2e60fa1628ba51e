"""Whose silence is it: the device's, its carrier's, or our own?

The engine says which devices fell silent. Before that becomes a question about a person it waits a little,
because a dead network silences many within one window:

- our own outage (the watch or its database was away): the engine gives every device its full time anew;
- at least half of all tracked devices, of two or more carriers, at least `MANY`: the way to us is broken,
  one incident `server`;
- at least `MANY` devices and 30 % of those of one carrier: one incident `carrier`;
- otherwise an alarm of kind `silent` about that device: a question.

Silences inside an incident raise no alarm and never count against a person. When the incident ends (fewer
than half of its devices still silent), those still silent get a window to come back in, then become
questions of their own.
Pure: no clock, no database.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

WINDOW_S = 60  # how long one silence waits for company before it becomes a question
TOGETHER_S = 300  # silences this near to each other count as one window, also those already a question
MANY = 5
CARRIER_SHARE = 0.30
SERVER_SHARE = 0.50


@dataclass
class Outage:
    """A running incident: what is silent together. `carrier` is empty for our own side."""

    carrier: str
    began_s: int
    measures: set[int]
    all_of_it: set[int] = field(default_factory=set)

    @property
    def kind(self) -> str:
        return "carrier" if self.carrier else "server"


@dataclass(frozen=True)
class Verdict:
    """What to do now. `alarms`: (measure, episode) that become questions; outages that began or ended."""

    alarms: tuple[tuple[int, int], ...] = ()
    began: tuple[Outage, ...] = ()
    ended: tuple[Outage, ...] = ()


class SilenceJudge:
    """Holds silences for a window, then says whose they are."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[int, int]] = {}  # measure → (episode, said at)
        self._silent: dict[int, int] = {}  # measure → episode, until fixes return
        self._said: dict[int, int] = {}  # measure → when we were told
        self.outages: dict[str, Outage] = {}

    def fell_silent(self, measure: int, episode: int, now_s: int) -> None:
        """A device has not been heard since `episode` (Unix seconds)."""
        self._silent[measure], self._said[measure] = episode, now_s
        for outage in self.outages.values():
            if measure in outage.measures:
                return
        self._held[measure] = (episode, now_s)

    def heard(self, measure: int) -> None:
        """Fixes of this measure are back."""
        self._silent.pop(measure, None)
        self._held.pop(measure, None)

    @property
    def silent(self) -> frozenset[int]:
        """Measures whose silence is known here."""
        return frozenset(self._silent)

    def resume(self, outage: Outage) -> None:
        """An incident of before a restart goes on; its members were told by `fell_silent`."""
        self.outages[outage.carrier] = outage
        for measure in outage.measures:
            self._held.pop(measure, None)

    def judge(self, now_s: int, carriers: Mapping[int, str]) -> Verdict:
        """Decide what has waited long enough. `carriers`: every live measure with a device, its carrier."""
        for measure in [m for m in self._silent if m not in carriers]:
            self.heard(measure)  # the measure ended: nobody's silence any more
        ended = self._ended(now_s)
        began = self._began(now_s, carriers)
        self._join(carriers)
        due = [m for m, (_, said) in self._held.items() if now_s - said >= WINDOW_S]
        alarms = tuple((m, self._held.pop(m)[0]) for m in sorted(due))
        return Verdict(alarms, tuple(began), tuple(ended))

    def _ended(self, now_s: int) -> list[Outage]:
        over = []
        for carrier, outage in list(self.outages.items()):
            still = outage.measures & self._silent.keys()
            if len(still) * 2 < len(outage.all_of_it) or not still:
                over.append(self.outages.pop(carrier))
                for measure in still:
                    self._held[measure] = (self._silent[measure], now_s)  # they do not return in one second
            outage.measures = still
        return over

    def _began(self, now_s: int, carriers: Mapping[int, str]) -> list[Outage]:
        inside = {m for outage in self.outages.values() for m in outage.measures}
        held = [m for m in self._silent if now_s - self._said[m] <= TOGETHER_S and m not in inside]
        total = Counter(carriers.values())
        by_carrier = Counter(carriers[m] for m in held)
        wide = len(held) >= MANY and len(held) >= SERVER_SHARE * len(carriers) and len(by_carrier) > 1
        found = []
        if wide and "" not in self.outages:
            found.append(self._open("", held, now_s))
        elif not wide:
            for carrier, n in sorted(by_carrier.items()):
                many = n >= MANY and n >= CARRIER_SHARE * total[carrier]
                if carrier and many and carrier not in self.outages:
                    found.append(self._open(carrier, [m for m in held if carriers[m] == carrier], now_s))
        return found

    def _open(self, carrier: str, measures: list[int], now_s: int) -> Outage:
        # silent since: the earliest of them, never later than now
        since = min([now_s, *(self._silent[m] for m in measures)])
        outage = Outage(carrier, since, set(measures), set(measures))
        self.outages[carrier] = outage
        for measure in measures:
            self._held.pop(measure, None)
        return outage

    def _join(self, carriers: Mapping[int, str]) -> None:
        """Those who fall silent while an incident runs belong to it."""
        for measure in list(self._held):
            outage = self.outages.get("") or self.outages.get(carriers.get(measure) or "")
            if outage is not None:
                outage.measures.add(measure)
                outage.all_of_it.add(measure)
                del self._held[measure]
