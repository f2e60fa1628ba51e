"""The rules of `monitoring/engine/README.md` written a second time, slowly, from the words alone.

Plain Python, one fix after the other, every edge tried; imports nothing of `sifang`. The numbers are written
here again on purpose: when one of the engine's changes, the comparison must fail.
"""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

HORIZON_M = 3000.0
RADIUS_PER_SIGMA = 1.5095921854516636
FLOOR_M, SHARED, OUTLIER = 5.0, 0.5, 0.05
CORRELATION_S, SOJOURN_S, MAX_SPEED_MS = 20.0, 540.0, 100.0
P_BEGIN, P_END, END_DWELL_S, MIN_FIXES = 0.95, 0.05, 60.0, 2
DEPTH_M, DEPTH_CLIP_M, DEPTH_S, CROSSING_S = 25.0, 100.0, 60.0, 60
DWELL_S = {"boundary": 100.0, "timetable": 100.0, "prohibited_place": 30.0, "station": 30.0}
BATTERY_LOW, BATTERY_WELL, STRAP_CLOSED_S, SOS_OVER_S = 15, 25, 60, 300
ASSUMED_M = [30.0, 15.0, 60.0, 500.0]
LISTEN_GAP_S = 120
QUANTILES = [NormalDist().inv_cdf((k + 0.5) / 10) for k in range(10)]
LATE, LOCATED, STRAP_KNOWN, STRAP_OPEN, SOS, LOW = 128, 1, 2, 4, 8, 16


def scales(lat):
    """Metres per degree of longitude and latitude (WGS-84)."""
    a, e2, phi = 6378137.0, 0.006694379990141317, lat * math.pi / 180
    w = 1 - e2 * math.sin(phi) ** 2
    return a / math.sqrt(w) * math.cos(phi) * math.pi / 180, a * (1 - e2) / w**1.5 * math.pi / 180


def signed(rings, lon, lat):
    """Outside positive, clipped; and boundary_m at the nearest place of the line."""
    east, north = scales(lat)
    best, boundary, inside = math.inf, 0.0, False
    for ring in rings:
        points = [tuple(p) for p in ring]
        for (x0, y0, b0), (x1, y1, b1) in zip(points, points[1:] + points[:1], strict=True):
            if (x0, y0) == (x1, y1):
                continue
            if (y0 > lat) != (y1 > lat) and x0 + (lat - y0) * (x1 - x0) / (y1 - y0) > lon:
                inside = not inside
            ax, ay = (x0 - lon) * east, (y0 - lat) * north
            dx, dy = (x1 - x0) * east, (y1 - y0) * north
            t = max(0.0, min(1.0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)))
            square = (ax + t * dx) ** 2 + (ay + t * dy) ** 2
            if square < best:
                best, boundary = square, b0 + t * (b1 - b0)
    distance = math.sqrt(best)
    if distance > HORIZON_M:
        distance, boundary = HORIZON_M, max(p[2] for ring in rings for p in ring)
    return (-distance if inside else distance), boundary


@dataclass
class Fence:
    """One fence with its state."""

    number: int
    kind: str
    keeps: str
    rings: list
    timetable: str | None
    exceptions: list
    from_s: int
    to_s: int
    alarm: bool
    beliefs: list = field(default_factory=lambda: [0.5] * 10)
    last: int | None = None
    run: list | None = None  # seconds of its counted fixes
    before: int | None = None
    bound: int | None = None
    depth: float = 0.0
    episode: int | None = None
    lawful_since: int | None = None

    @property
    def title(self):
        if not self.alarm or self.kind == "station":
            return "station"
        return {"prohibited_place": "place"}.get(self.kind, self.kind)

    def binds(self, t):
        if not self.from_s <= t < self.to_s:
            return False
        if self.timetable is not None:
            days, seconds = divmod(t + 8 * 3600, 86400)
            if self.timetable[(days + 3) % 7 * 24 + seconds // 3600] == "0":
                return False
        return not any(a <= t < b for a, b in self.exceptions)

    def believe(self, t, beyond, accuracy, boundary, counts):
        sigma = max(accuracy, FLOOR_M) / RADIUS_PER_SIGMA
        alone = sigma * math.sqrt(1 - SHARED)
        shared = math.sqrt(boundary**2 + SHARED * sigma**2)
        first = self.last is None
        gap = 0 if first else t - self.last
        weight = 1.0 if first else 1 - math.exp(-gap / CORRELATION_S)
        for k, z in enumerate(QUANTILES):
            p = self.beliefs[k]
            if not first:
                p += 0.5 * (1 - math.exp(-2 * gap / SOJOURN_S)) * (1 - 2 * p)
            if counts:
                x = (beyond - z * shared) / alone
                upper, lower = (math.erfc(s * x / math.sqrt(2)) / 2 for s in (-1, 1))
                ratio = ((1 - OUTLIER) * upper + OUTLIER / 2) / ((1 - OUTLIER) * lower + OUTLIER / 2)
                ratio **= weight
                p = p * ratio / (p * ratio + 1 - p)
            self.beliefs[k] = p
        self.last = t
        return sum(self.beliefs) / 10

    def judge(self, t, beyond, probability, counts):  # noqa: C901, PLR0912 (the rules in their order)
        """Yield (phase, episode)."""
        if not self.binds(t):
            if self.episode is not None:
                yield "end", self.episode
            self.episode = self.run = self.bound = self.lawful_since = None
            return
        if not counts:
            return
        if self.run is None and beyond > 0:
            self.run = []
            self.before = t if self.bound is None else max(self.bound, t - CROSSING_S)
        elif self.run is not None and beyond <= 0 and probability <= 0.5:
            self.run = None
        if self.run is not None:
            near = max(-DEPTH_CLIP_M, min(DEPTH_CLIP_M, beyond))
            if self.run:
                self.depth += (1 - math.exp(-(t - self.run[-1]) / DEPTH_S)) * (near - self.depth)
            else:
                self.depth = near
            self.run.append(t)
        self.bound = t
        if self.episode is None:
            deep = self.title not in {"boundary", "timetable"} or self.depth >= DEPTH_M
            dwell = DWELL_S["station" if self.title == "station" else self.kind]
            if self.run and beyond > 0 and probability >= P_BEGIN and len(self.run) >= MIN_FIXES:  # noqa: SIM102
                if t - self.before >= dwell and deep:
                    self.episode, self.lawful_since = self.run[0], None
                    yield "begin", self.episode
        elif probability > P_END:
            self.lawful_since = None
        else:
            self.lawful_since = t if self.lawful_since is None else self.lawful_since
            if t - self.lawful_since >= END_DWELL_S:
                yield "end", self.episode
                self.episode = self.run = self.lawful_since = None


class Person:
    """One measure: its fences and its device."""

    def __init__(self, number, from_s, to_s, silent_after_s, fences):
        self.number, self.from_s, self.to_s, self.silent_after_s = number, from_s, to_s, silent_after_s
        self.fences = sorted(fences, key=lambda fence: fence.number)
        self.newest = -1
        self.heard = self.place = self.strap = self.battery = self.sos = self.silent = None
        self.open_at = self.sos_at = self.percent = None

    def look(self, fix):
        """Yield (measure, fence, kind, phase, episode, at); answers the verdict as return value."""
        t, flags = fix["taken_s"], fix["flags"]
        if flags & LATE or t <= self.newest or not self.from_s <= t < self.to_s:
            return 0
        self.newest = t
        yield from self._device(t, flags, fix["battery_pct"])
        if not flags & LOCATED:
            return 0
        received = fix["received_s"]
        self.heard = received if self.heard is None else max(self.heard, received)
        if self.silent is not None:
            yield self.number, -1, "silent", "end", self.silent, received
            self.silent = None
        accuracy = fix["accuracy_m"]
        if not accuracy > 0:
            accuracy = ASSUMED_M[fix["source"]]
        lon, lat = fix["lon"], fix["lat"]
        counts = True
        if self.place is not None:
            east, north = scales(lat)
            lon0, lat0, accuracy0, t0 = self.place
            far = math.hypot((lon - lon0) * east, (lat - lat0) * north)
            counts = far - 2 * (accuracy + accuracy0) <= MAX_SPEED_MS * (t - t0)
        self.place = lon, lat, accuracy, t
        verdicts = set()
        for fence in self.fences:
            distance, boundary = signed(fence.rings, lon, lat)
            beyond = distance if fence.keeps == "inside" else -distance
            p = fence.believe(t, beyond, accuracy, boundary, counts)
            if fence.binds(t) and fence.title != "station":
                sure = 2 if p >= P_BEGIN and beyond > 0 else 1 if p <= P_END and beyond <= 0 else 3
                verdicts.add(sure)
            for phase, episode in fence.judge(t, beyond, p, counts):
                yield self.number, fence.number, fence.title, phase, episode, t
        return next((v for v in (2, 3, 1) if v in verdicts), 0)

    def _device(self, t, flags, percent):  # noqa: C901 (three rules)
        if flags & STRAP_KNOWN and flags & STRAP_OPEN:
            self.open_at = t
            if self.strap is None:
                self.strap = t
                yield self.number, -1, "strap", "begin", t, t
        elif flags & STRAP_KNOWN and self.strap is not None and t - self.open_at >= STRAP_CLOSED_S:
            yield self.number, -1, "strap", "end", self.strap, t
            self.strap = None
        given = percent != 255
        if given:
            self.percent = percent
        if flags & LOW or (given and percent <= BATTERY_LOW):
            if self.battery is None:
                self.battery = t
                yield self.number, -1, "battery", "begin", t, t
        elif self.battery is not None and (self.percent is None or self.percent >= BATTERY_WELL):
            yield self.number, -1, "battery", "end", self.battery, t
            self.battery = None
        if flags & SOS:
            self.sos_at = t
            if self.sos is None:
                self.sos = t
                yield self.number, -1, "sos", "begin", t, t
        elif self.sos is not None and t - self.sos_at >= SOS_OVER_S:
            yield self.number, -1, "sos", "end", self.sos, t
            self.sos = None


class Reference:
    """All persons; the same calls as the engine."""

    def __init__(self, persons):
        self.persons = {person.number: person for person in persons}
        self.asked = self.listening = None

    def step(self, fixes):
        """Signals and verdicts of these fixes (dicts)."""
        signals, verdicts = [], []
        for fix in fixes:
            person = self.persons.get(fix["measure"])
            if person is None:
                verdicts.append(0)
                continue
            looking = person.look(fix)
            while True:
                try:
                    signals.append(next(looking))
                except StopIteration as done:
                    verdicts.append(done.value)
                    break
        return signals, verdicts

    def silence(self, now):
        """Silences that begin at this second."""
        if self.asked is None or now - self.asked > LISTEN_GAP_S:
            self.listening = now
        self.asked = now if self.asked is None else max(now, self.asked)
        found = []
        for number in sorted(self.persons):
            person = self.persons[number]
            if person.silent is not None or not person.from_s <= now < person.to_s:
                continue
            since = max(person.from_s, self.listening, -1 if person.heard is None else person.heard)
            if now - since >= person.silent_after_s:
                person.silent = since if person.heard is None else person.heard
                found.append((number, -1, "silent", "begin", person.silent, now))
        return found
