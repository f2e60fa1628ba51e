"""sim.json: what the simulated devices must know. Authentication codes stand here only (file 0600)."""

import json
from pathlib import Path

from sifang.monitoring import boundaries
from sifang.ops.demo import places
from sifang.ops.demo.persons import ZHANGSAN
from sifang.ops.demo.tracked import HOME_RADIUS_M, MODELS, VERSIONS, Track
from sifang.ops.secret_files import private_folder, write_private

OUTAGE_CARRIER, OUTAGE_SIZE = "联通", 8
NEAR_LINE_M, KNOWN_LINE_M = 25_000.0, 60.0
INTERVAL_S = 10
STRAP_BIT = 17


def scripts(tracks: list[Track]) -> dict[str, str]:
    """Choose who does what in the first minutes: {terminal id: script}; each device at most one."""
    chosen: dict[str, str] = {}

    def choose(script: str, fitting: list[Track], count: int) -> None:
        free = [one for one in fitting if one.terminal_id not in chosen]
        for one in free[:count]:
            chosen[one.terminal_id] = script

    ordinary = [one for one in tracks if one.entry.person.number != ZHANGSAN]
    clear = [one for one in ordinary if _can_cross(one)]
    choose("boundary", sorted(clear, key=lambda one: one.crossing.boundary_m), 2)
    choose("place", [one for one in tracks if one.entry.person.number == ZHANGSAN and one.shunned], 1)
    choose("place", [one for one in ordinary if one.shunned and not one.has_night], 1)
    choose("outage", [one for one in ordinary if one.carrier == OUTAGE_CARRIER], OUTAGE_SIZE)
    for script in ("strap", "battery", "sos", "silent", "strap", "battery"):
        choose(script, ordinary, 1)
    return chosen


def _can_cross(track: Track) -> bool:
    crossing = track.crossing
    return (
        crossing.leads_out
        and not track.has_leave
        and crossing.distance_m < NEAR_LINE_M
        and crossing.boundary_m <= KNOWN_LINE_M
    )


def write_plan(file: Path, tracks: list[Track]) -> None:
    """Write the plan of the simulation; host and port are put in when the demonstration starts."""
    chosen = scripts(tracks)
    areas = sorted({boundaries.area_of(one.entry.county.code) for one in tracks})
    plan = {
        "jt808": {"host": "127.0.0.1", "port": 7808},
        "net": str(places.net_file()),
        "interval_s": INTERVAL_S,
        "areas": {code: places.rings_of_area(code) for code in areas},
        "devices": [_device(one, chosen.get(one.terminal_id)) for one in tracks],
    }
    private_folder(file.parent)
    write_private(file, json.dumps(plan, ensure_ascii=False))


def _device(track: Track, script: str | None) -> dict[str, object]:
    facts = MODELS[track.model]
    code = track.entry.county.code
    return {
        "terminal_id": track.terminal_id,
        "auth_code": track.auth_code,
        "imei": track.imei,
        "iccid": track.iccid,
        "carrier": track.carrier,
        "maker": "SFDEM",
        "model": facts.model,
        "version": VERSIONS[track.model],
        "strap_bit": STRAP_BIT,
        "home": list(track.home),
        "work": list(track.work),
        "area_code": boundaries.area_of(code),
        "county_code": code,
        "home_radius_m": HOME_RADIUS_M,
        "places": [
            {"name": name, "lon": where[0], "lat": where[1], "radius_m": radius}
            for name, where, radius in track.shunned
        ],
        "curfew": "22-06" if track.has_night else None,
        "boundary_hint": list(track.crossing.at),
        "script": script,
    }
