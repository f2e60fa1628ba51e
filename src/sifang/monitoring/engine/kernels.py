"""The compiled kernels: cells of a geometry, signed distance, and the one fused step over a tick of fixes.

All compiled functions stand in this one file and take their numbers as arguments: numba's cache looks only
at the file of the function it caches. Signatures are explicit, so importing this module compiles (seconds,
once) or loads (a tenth of a second); nothing is compiled while fixes arrive. No function allocates; each
output has a capacity and the function stops at it and says so. The rules in words: README.md beside this.
"""
# ruff: noqa: ANN001, ANN201, PLR0917, RUF046, SIM102, E501
# (types stand in numba's signatures; kernels take flat arrays by position and speak numba's part of Python)
# mypy: ignore-errors
# fmt: off

import math

import numba as nb
from numba import types

from sifang.monitoring.engine.constants import RULES_DTYPE
from sifang.monitoring.engine.layout import EVALUATION, FENCE, FENCE_STATE, GEOMETRY, MEASURE, MEASURE_STATE
from sifang.monitoring.engine.specs import SIGNAL
from sifang.monitoring.intake.columns import FIX

SQRT_HALF = math.sqrt(0.5)
DEG = math.pi / 180.0
EQUATOR_M, ECC2 = 6_378_137.0, 0.006694379990141317  # WGS-84, as in kernel/geometry.py
SHANGHAI_S = 28_800  # UTC+8 all year, without summer time since 1991
EPOCH_HOUR = 72  # of the week from Monday 00:00: Unix time began on a Thursday

_rec = nb.from_dtype
_f8, _i8, _i4, _u1 = types.float64, types.int64, types.int32, types.uint8
_edges = types.Array(_f8, 2, "C")


def _array(item: object, dimensions: int = 1) -> types.Array:
    return types.Array(item, dimensions, "C")


_FIX, _SIGNAL, _RULES = (_array(_rec(dtype)) for dtype in (FIX, SIGNAL, RULES_DTYPE))
_GEO, _FENCE, _MEASURE = (_array(_rec(dtype)) for dtype in (GEOMETRY, FENCE, MEASURE))
_FENCE_STATE, _MEASURE_STATE = (_array(_rec(dtype)) for dtype in (FENCE_STATE, MEASURE_STATE))
_EVALUATIONS = _array(_rec(EVALUATION), 2)
# no signature of their own: they are compiled into the kernels that call them, and with those cached
# (inlined: fourteen arrays by value cost more than most of these functions)
_helper = nb.njit(nogil=True, error_model="numpy", forceinline=True)


@_helper
def metres_per_degree(lat):
    """Length of a degree of longitude and of latitude, metres."""
    sine = math.sin(lat * DEG)
    w2 = 1.0 - ECC2 * sine * sine
    across = EQUATOR_M / math.sqrt(w2)
    along = EQUATOR_M * (1.0 - ECC2) / (w2 * math.sqrt(w2))
    return across * math.cos(lat * DEG) * DEG, along * DEG


@_helper
def square_to_edge(edges, e, lon, lat, east, north):
    """Squared distance to edge `e` and how far along it (0…1) the nearest place lies."""
    ax = (edges[e, 0] - lon) * east
    ay = (edges[e, 1] - lat) * north
    dx = (edges[e, 2] - edges[e, 0]) * east
    dy = (edges[e, 3] - edges[e, 1]) * north
    t = -(ax * dx + ay * dy) / (dx * dx + dy * dy)
    t = min(1.0, max(0.0, t))
    px = ax + t * dx
    py = ay + t * dy
    return px * px + py * py, t


@_helper
def crossings(edges, items, start, stop, lon, lat):
    """How many of these edges a ray to the east crosses (half-open in latitude: no vertex counts twice)."""
    n = 0
    for i in range(start, stop):
        e = items[i]
        y0 = edges[e, 1]
        y1 = edges[e, 3]
        if (y0 > lat) != (y1 > lat):
            x = edges[e, 0] + (lat - y0) * (edges[e, 2] - edges[e, 0]) / (y1 - y0)
            if x > lon:
                n += 1
    return n


@nb.njit(_i8(_edges, _f8, _f8, _i8, _array(_i4), _array(_i4)), cache=True, nogil=True, error_model="numpy")
def fill_rows(edges, row_south, row_lat, rows, start, items):
    """List the edges that touch each row of latitude. Returns the items needed; writes only when they fit."""
    need = 0
    for e in range(edges.shape[0]):
        lo = min(edges[e, 1], edges[e, 3])
        hi = max(edges[e, 1], edges[e, 3])
        first = max(0, int(math.floor((lo - row_south) / row_lat)) - 1)
        last = min(rows - 1, int(math.floor((hi - row_south) / row_lat)) + 1)
        need += last - first + 1
    if need > items.shape[0]:
        return need
    at = 0
    for row in range(rows):
        start[row] = at
        # one row more on each side: a rounding of the row number can then not lose an edge
        south = row_south + (row - 1) * row_lat
        north = row_south + (row + 2) * row_lat
        for e in range(edges.shape[0]):
            lo = min(edges[e, 1], edges[e, 3])
            hi = max(edges[e, 1], edges[e, 3])
            if lo <= north and hi >= south and at < items.shape[0]:
                items[at] = e
                at += 1
    start[rows] = at
    return at


@nb.njit(
    _i8(_edges, _f8, _f8, _f8, _f8, _i8, _i8, _f8, _array(_i4), _array(_i4), _array(_f8), _array(_u1)),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def fill_cells(edges, west, south, cell_lon, cell_lat, columns, lines, horizon, start, items, room, kind):
    """List for each cell the edges that can be nearest to a place in it. Returns the items needed.

    An edge is listed when its distance from the cell's middle is at most the least such distance plus the
    cell's diagonal (1 % and 1 m more, because the plane of a fix differs a little from the middle's).
    kind 0 = far, outside; 1 = far, inside (`mark_far_inside`); 2 = near. Writes stop at the capacity.
    """
    need = 0
    for line in range(lines):
        lat = south + (line + 0.5) * cell_lat
        east, north = metres_per_degree(lat)
        half = 0.5 * math.hypot(cell_lon * east, cell_lat * north)
        for column in range(columns):
            cell = line * columns + column
            lon = west + (column + 0.5) * cell_lon
            start[cell] = min(need, items.shape[0])
            least = math.inf
            for e in range(edges.shape[0]):
                square, _ = square_to_edge(edges, e, lon, lat, east, north)
                room[e] = square
                least = min(least, square)
            nearest = math.sqrt(least)
            if nearest - half > horizon * 1.01 + 1.0:
                kind[cell] = 0
                continue
            kind[cell] = 2
            reach = (nearest + 2.0 * half) * 1.01 + 1.0
            for e in range(edges.shape[0]):
                if room[e] <= reach * reach:
                    if need < items.shape[0]:
                        items[need] = e
                    need += 1
    start[lines * columns] = min(need, items.shape[0])
    return need


@nb.njit(types.void(_GEO, _edges, _array(_i4), _array(_i4), _array(_u1)), cache=True, nogil=True, error_model="numpy")
def mark_far_inside(geometries, edges, row_start, row_items, kind):
    """Give the cells farther than the horizon from the line of this one geometry their side."""
    geo = geometries[0]
    for cell in range(min(geo.columns * geo.lines, kind.shape[0])):
        lon = geo.west + (cell % geo.columns + 0.5) * geo.cell_lon
        lat = geo.south + (cell // geo.columns + 0.5) * geo.cell_lat
        row = int(math.floor((lat - geo.row_south) / geo.row_lat))
        if kind[cell] == 0 and 0 <= row < geo.rows:
            kind[cell] = crossings(edges, row_items, row_start[row], row_start[row + 1], lon, lat) % 2


@_helper
def signed_distance(
    geometries, g, edges, cell_start, cell_items, cell_kind, row_start, row_items, horizon, lon, lat, east, north
):
    """Metres to the line of geometry `g`, outside positive, clipped at the horizon; and boundary_m there."""
    geo = geometries[g]
    far = geo.far_boundary_m
    column = int(math.floor((lon - geo.west) / geo.cell_lon))
    line = int(math.floor((lat - geo.south) / geo.cell_lat))
    if column < 0 or line < 0 or column >= geo.columns or line >= geo.lines:
        return horizon, far
    cell = geo.cell_at + line * geo.columns + column
    if cell_kind[cell] == 0:
        return horizon, far
    if cell_kind[cell] == 1:
        return -horizon, far
    least = math.inf
    boundary = far
    for i in range(cell_start[cell], cell_start[cell + 1]):
        e = cell_items[i]
        square, t = square_to_edge(edges, e, lon, lat, east, north)
        if square < least:
            least = square
            boundary = edges[e, 4] + t * (edges[e, 5] - edges[e, 4])
    distance = math.sqrt(least)
    if distance > horizon:
        distance = horizon
        boundary = far
    row = int(math.floor((lat - geo.row_south) / geo.row_lat))
    inside = False
    if 0 <= row < geo.rows:
        row += geo.row_at
        inside = crossings(edges, row_items, row_start[row], row_start[row + 1], lon, lat) % 2 == 1
    return (-distance if inside else distance), boundary


@nb.njit(cache=True, nogil=True, error_model="numpy")
def signed_distances(
    geometries, edges, cell_start, cell_items, cell_kind, row_start, row_items, horizon, which, lons, lats,
    out, boundary,
):
    """`signed_distance` for many places at once."""
    for i in range(min(lons.shape[0], out.shape[0])):
        east, north = metres_per_degree(lats[i])
        d, b = signed_distance(
            geometries,
            which[i],
            edges,
            cell_start,
            cell_items,
            cell_kind,
            row_start,
            row_items,
            horizon,
            lons[i],
            lats[i],
            east,
            north,
        )
        out[i] = d
        boundary[i] = b


@_helper
def weigh(nodes, f, node_z, beyond, accuracy, boundary, switch, weight, sure, counts, rules):
    """Add one fix to the evidence of fence `f`; returns the probability of being beyond the line.

    `switch` (forgetting) and `weight` follow from the gap since the last evaluation, `sure` is the ratio of
    a fix without doubt on its side: the caller works them out once for many. `counts` 0: the fix proves nothing.
    """
    r = rules[0]
    sigma = max(accuracy, r.accuracy_floor_m) / r.radius_per_sigma
    alone = sigma * math.sqrt(1.0 - r.shared_part)
    shared = math.sqrt(boundary * boundary + r.shared_part * sigma * sigma)
    total = 0.0
    n = node_z.shape[0]
    widest = node_z[n - 1] * shared  # the nodes are sorted and even about 0
    if counts == 0 or abs(beyond) - widest > 9.0 * alone:
        # nothing to prove, or every belief nine sigmas from the line (tail below 1e-18): one ratio for all
        ratio = 1.0
        if counts:
            ratio = sure
        for k in range(n):
            before = nodes[f, k]
            before += switch * (1.0 - 2.0 * before)
            yes = before * ratio
            nodes[f, k] = yes / (yes + 1.0 - before)
        for k in range(n):  # apart, so that the divisions above are done side by side
            total += nodes[f, k]
        return total / n
    plain = 0.5 * r.outlier
    for k in range(n):
        before = nodes[f, k]
        before += switch * (1.0 - 2.0 * before)
        x = (beyond - node_z[k] * shared) / alone
        upper = 0.5 * math.erfc(-x * SQRT_HALF)
        ratio = ((1.0 - r.outlier) * upper + plain) / ((1.0 - r.outlier) * (1.0 - upper) + plain)
        yes = before * math.pow(ratio, weight)
        before = yes / (yes + 1.0 - before)
        nodes[f, k] = before
        total += before
    return total / n


@_helper
def is_in_force(fences, f, timetables, exceptions, taken_s, shanghai_hour):
    """Whether fence `f` binds at that second; `shanghai_hour` = hour of the week there."""
    fence = fences[f]
    if taken_s < fence.from_s or taken_s >= fence.to_s:
        return 0
    if fence.timetable >= 0 and timetables[fence.timetable, shanghai_hour] == 0:
        return 0
    for i in range(fence.exception_from, fence.exception_to):
        if exceptions[i, 0] <= taken_s < exceptions[i, 1]:
            return 0
    return 1


@_helper
def write_signal(out, n, measure, fence, kind, phase, episode, at_s, distance, accuracy, boundary, probability):
    """Write one signal when there is room; returns the new count."""
    if n < out.shape[0]:
        s = out[n]
        s.measure = measure
        s.fence = fence
        s.kind = kind
        s.phase = phase
        s.episode = episode
        s.at_s = at_s
        s.distance_m = distance
        s.accuracy_m = accuracy
        s.boundary_m = boundary
        s.probability = probability
        n += 1
    return n


@_helper
def judge(fences, states, f, measure, fixes, i, binds, counts, beyond, accuracy, boundary, probability, rules, out, n):
    """Turn the probability into begin and end of an episode of fence `f`; returns the new signal count."""
    r = rules[0]
    s = states[f]
    t = fixes[i].taken_s
    kind = fences[f].kind
    if not binds:
        if s.episode >= 0:
            n = write_signal(
                out, n, measure, fences[f].number, kind, 2, s.episode, t, beyond, accuracy, boundary, probability
            )
        s.episode = -1
        s.run_s = -1
        s.run_fixes = 0
        s.bound_s = -1
        s.lawful_s = -1
        return n
    if not counts:
        return n
    # the run: fixes since the first one beyond the line, until both this fix and the sum say otherwise
    if beyond > 0.0:
        if s.run_s < 0:
            s.run_s = t
            s.run_fixes = 0
            s.run_last_s = -1
            s.before_s = t
            if s.bound_s >= 0:
                s.before_s = max(s.bound_s, t - int(r.crossing_s))
        s.run_fixes += 1
    elif s.run_s >= 0:
        if probability <= 0.5:
            s.run_s = -1
            s.run_fixes = 0
        else:
            s.run_fixes += 1
    if s.run_s >= 0:
        depth = min(r.depth_clip_m, max(-r.depth_clip_m, beyond))
        if s.run_last_s < 0:
            s.depth_m = depth
        else:
            s.depth_m += (1.0 - math.exp(-(t - s.run_last_s) / r.depth_s)) * (depth - s.depth_m)
        s.run_last_s = t
    s.bound_s = t
    if s.episode < 0:
        dwell = r.place_dwell_s
        least = -math.inf
        if kind == 1:
            dwell = r.boundary_dwell_s
            least = r.depth_m
        elif kind == 3:
            dwell = r.timetable_dwell_s
            least = r.depth_m
        if (
            probability >= r.p_begin
            and s.run_s >= 0
            and s.run_fixes >= r.min_fixes
            and t - s.before_s >= dwell
            and s.depth_m >= least
            and beyond > 0.0
        ):
            s.episode = s.run_s
            s.lawful_s = -1
            n = write_signal(
                out, n, measure, fences[f].number, kind, 1, s.episode, t, beyond, accuracy, boundary, probability
            )
    elif probability > r.p_end:
        s.lawful_s = -1
    else:
        if s.lawful_s < 0:
            s.lawful_s = t
        if t - s.lawful_s >= r.end_dwell_s:
            n = write_signal(
                out, n, measure, fences[f].number, kind, 2, s.episode, t, beyond, accuracy, boundary, probability
            )
            s.episode = -1
            s.lawful_s = -1
            s.run_s = -1
            s.run_fixes = 0
    return n


@_helper
def judge_device(states, m, measure, fixes, i, rules, out, n):
    """Strap, battery and SOS of one fix; returns the new signal count."""
    r = rules[0]
    s = states[m]
    t = fixes[i].taken_s
    flags = fixes[i].flags
    a = fixes[i].accuracy_m
    no = math.nan
    if flags & 2:  # F_STRAP_KNOWN
        if flags & 4:  # F_STRAP_OPEN
            s.strap_open_s = t
            if s.strap < 0:
                s.strap = t
                n = write_signal(out, n, measure, -1, 4, 1, s.strap, t, no, a, no, no)
        elif s.strap >= 0 and t - s.strap_open_s >= r.strap_closed_s:
            n = write_signal(out, n, measure, -1, 4, 2, s.strap, t, no, a, no, no)
            s.strap = -1
    percent = fixes[i].battery_pct
    if percent != 255:
        s.battery_pct = percent
    if flags & 16 or (percent != 255 and percent <= r.battery_low_pct):  # F_LOW_BATTERY
        if s.battery < 0:
            s.battery = t
            n = write_signal(out, n, measure, -1, 5, 1, s.battery, t, no, a, no, no)
    elif s.battery >= 0 and (s.battery_pct == 255 or s.battery_pct >= r.battery_well_pct):
        n = write_signal(out, n, measure, -1, 5, 2, s.battery, t, no, a, no, no)
        s.battery = -1
    if flags & 8:  # F_SOS
        s.sos_s = t
        if s.sos < 0:
            s.sos = t
            n = write_signal(out, n, measure, -1, 7, 1, s.sos, t, no, a, no, no)
    elif s.sos >= 0 and t - s.sos_s >= r.sos_over_s:
        n = write_signal(out, n, measure, -1, 7, 2, s.sos, t, no, a, no, no)
        s.sos = -1
    return n


@_helper
def measure_at(measures, number):
    """Place of the measure with this number (they are sorted), or -1."""
    lo = 0
    hi = measures.shape[0]
    while lo < hi:
        middle = (lo + hi) // 2
        if measures[middle].number < number:
            lo = middle + 1
        else:
            hi = middle
    if lo < measures.shape[0] and measures[lo].number == number:
        return lo
    return -1


@nb.njit(
    types.UniTuple(_i8, 2)(
        _FIX, _i8, _MEASURE, _MEASURE_STATE, _FENCE, _FENCE_STATE, _array(_f8, 2), _EVALUATIONS,
        _array(_u1, 2), _array(_i8, 2), _GEO, _edges, _array(_i4), _array(_i4), _array(_u1), _array(_i4),
        _array(_i4), _f8, _array(_f8), _array(_f8), _RULES, _SIGNAL,
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def step(
    fixes, first, measures, measure_states, fences, fence_states, nodes, evaluations, timetables, exceptions,
    geometries, edges, cell_start, cell_items, cell_kind, row_start, row_items, horizon, node_z, assumed_m,
    rules, out,
):
    """Evaluate `fixes` from index `first` on. Returns (index of the first fix not done, signals written).

    A fix needs room for four signals of the device and one of each fence of its measure; when that room is
    missing it is not begun, and the caller comes again with an empty array.
    """
    n = 0
    # what follows from the gap alone, for the gap met last: most devices report at one interval
    last_gap = -2.0
    switch = 0.0
    weight = 1.0
    sure_beyond = 1.0
    sure_lawful = 1.0
    most = (2.0 - rules[0].outlier) / rules[0].outlier
    for i in range(first, fixes.shape[0]):
        fixes[i].verdict = 0
        number = fixes[i].measure
        m = measure_at(measures, number)
        if m < 0:
            continue
        t = fixes[i].taken_s
        flags = fixes[i].flags
        s = measure_states[m]
        # late (F_LATE), not newer, or outside the measure's term: not looked at here
        if flags & 128 or t <= s.taken_s or t < measures[m].from_s or t >= measures[m].to_s:
            continue
        if n + 4 + measures[m].fence_to - measures[m].fence_from > out.shape[0]:
            return i, n
        s.taken_s = t
        n = judge_device(measure_states, m, number, fixes, i, rules, out, n)
        if not flags & 1:  # F_LOCATED
            continue
        heard = fixes[i].received_s
        s.heard_s = max(s.heard_s, heard)
        if s.silent >= 0:
            n = write_signal(out, n, number, -1, 6, 2, s.silent, heard, math.nan, math.nan, math.nan, math.nan)
            s.silent = -1
        lon = fixes[i].lon
        lat = fixes[i].lat
        accuracy = float(fixes[i].accuracy_m)
        assumed = 1 if flags & 64 else 0  # F_ASSUMED
        if not accuracy > 0.0:
            accuracy = assumed_m[min(fixes[i].source, 3)]
            assumed = 1
        east, north = metres_per_degree(lat)
        counts = 1
        if s.placed_s >= 0:
            far = math.hypot((lon - s.lon) * east, (lat - s.lat) * north)
            if far - 2.0 * (accuracy + s.accuracy_m) > rules[0].max_speed_ms * (t - s.placed_s):
                counts = 0
        s.lon = lon
        s.lat = lat
        s.accuracy_m = accuracy
        s.placed_s = t
        hour = ((t + SHANGHAI_S) // 3_600 + EPOCH_HOUR) % 168  # of the week in Shanghai, from Monday 00:00
        worst = 0
        for f in range(measures[m].fence_from, measures[m].fence_to):
            fs = fence_states[f]
            d, boundary = signed_distance(
                geometries,
                fences[f].geometry,
                edges,
                cell_start,
                cell_items,
                cell_kind,
                row_start,
                row_items,
                horizon,
                lon,
                lat,
                east,
                north,
            )
            beyond = d if fences[f].keeps_inside else -d
            gap = -1.0 if fs.last_s < 0 else float(t - fs.last_s)
            if gap != last_gap:
                last_gap = gap
                switch = 0.0
                weight = 1.0
                if gap >= 0.0:
                    switch = 0.5 * (1.0 - math.exp(-2.0 * gap / rules[0].sojourn_s))
                    weight = 1.0 - math.exp(-gap / rules[0].correlation_s)
                sure_beyond = math.pow(most, weight)
                sure_lawful = math.pow(1.0 / most, weight)
            sure = sure_beyond if beyond > 0.0 else sure_lawful
            p = weigh(nodes, f, node_z, beyond, accuracy, boundary, switch, weight, sure, counts, rules)
            fs.last_s = t
            fs.probability = p
            # certain, and this fix does not speak against it: 1 lawful side, 2 beyond, 3 cannot know
            verdict = 3
            if p >= rules[0].p_begin and beyond > 0.0:
                verdict = 2
            elif p <= rules[0].p_end and beyond <= 0.0:
                verdict = 1
            slot = fs.kept % evaluations.shape[1]
            e = evaluations[f, slot]
            e.taken_s = t
            e.distance_m = beyond
            e.accuracy_m = accuracy
            e.boundary_m = boundary
            e.probability = p
            e.assumed = assumed
            e.verdict = verdict
            fs.kept += 1
            binds = is_in_force(fences, f, timetables, exceptions, t, hour)
            if binds and fences[f].judged:
                if verdict == 2 or worst == 0 or (verdict == 3 and worst == 1):
                    worst = verdict if worst != 2 else 2
            n = judge(
                fences, fence_states, f, number, fixes, i, binds, counts, beyond, accuracy, boundary, p, rules, out, n
            )
        fixes[i].verdict = worst
    return fixes.shape[0], n
