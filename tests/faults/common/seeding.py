"""`python -m tests.faults.common.seeding`: a small city under measures, made through the services as owner.

Run after `sifang up` is ready. Writes what the clients need (numbers, codes, places) to `--plan`. Every
device has a boundary and one prohibited place; measures were made known nine days ago and devices are worn
for three, so that device clocks may start in the past.
"""

import argparse
import json
import math
import random
import secrets
import sys
from datetime import timedelta
from pathlib import Path

BOUND_DAYS = 3
CLEAR_M, KNOWN_M = 1_500.0, 60.0


def main() -> int:
    """Seed; returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    import django

    django.setup()
    plan = _seed(asked.devices, random.Random(asked.seed))
    asked.plan.touch(mode=0o600)
    asked.plan.write_text(json.dumps(plan, ensure_ascii=False), "utf-8")
    return 0


def _seed(devices: int, chance: random.Random) -> dict[str, object]:
    from sifang.kernel.time import legal_day, utc_now
    from sifang.monitoring.services.devices import register_model
    from sifang.ops.demo.agencies import make_organs
    from sifang.ops.demo.persons import take_over
    from sifang.ops.demo.tracked import MODELS, QUALITY
    from sifang.people.access import system

    with system("migration"):
        now = utc_now()
        organs = make_organs(now)
        many = 4 * devices + 8
        entries = take_over(organs, legal_day(now), many, many, chance)
        entries = [one for one in entries if one.order.prohibition][:devices]  # else no place may be banned
        facts = MODELS[0].__dict__ | {"tested_on": legal_day(now) - timedelta(days=300), "quality": QUALITY}
        model = register_model(organs.officers["sysadmin"], type(MODELS[0])(**facts))
        rows = [
            _tracked(organs, model, now, chance=chance, index=index, entry=one)
            for index, one in enumerate(entries)
        ]
    return {"devices": rows, "bound_from_s": int((now - timedelta(days=BOUND_DAYS)).timestamp()) + 60}


def _tracked(organs, model, now, *, chance, index, entry):
    from sifang.kernel.time import legal_day
    from sifang.monitoring.models import ClauseKind, Ground
    from sifang.monitoring.services.clauses import Place, add_clause, compile_fences
    from sifang.monitoring.services.devices import bind_device, register_device
    from sifang.monitoring.services.measures import approve_measure, make_known, record_proof
    from sifang.ops.demo import places

    code = entry.county.code
    clerk, head = organs.clerks[code], organs.heads[code]
    home, beyond, banned = _three_places(code, chance)
    approved = now - timedelta(days=10)
    proof = record_proof(
        clerk, entry.person, Ground.LEFT_WITHOUT_APPROVAL, document_no=f"济矫证（故障演练）{index}号",
        document_date=legal_day(approved) - timedelta(days=8), summary="未经批准离开，经查证属实",
    )  # fmt: skip
    measure = approve_measure(head, entry.order, proof, reasons="确有必要", approved_at=approved)
    add_clause(  # as add_boundary_clause, in force since then: device clocks start in the past
        clerk, entry.order, ClauseKind.BOUNDARY, text="离开须先获批准。", article="社区矫正法27条",
        source=f"社区矫正法27条；决定文书 {entry.order.document_no}", valid_from=approved,
    )  # fmt: skip
    add_clause(
        clerk, entry.order, ClauseKind.PROHIBITED_PLACE, text="不得进入示例歌舞厅。",
        article="刑法72条" if entry.order.type == "probation" else "刑法38条",
        source="判决主文第三项", valid_from=approved,
        place=Place("示例歌舞厅", [places.circle(banned, 200.0)], "实地测量（演练）",
                    legal_day(approved) - timedelta(days=100), 8.0),
    )  # fmt: skip
    make_known(clerk, measure, at=now - timedelta(days=9))
    compile_fences(clerk, measure)
    auth_code, terminal = secrets.token_hex(8), f"1380000{index + 1:05}"
    device = register_device(
        clerk, model, terminal_id=terminal, county_code=code, auth_code=auth_code,
        carrier=("移动", "联通", "电信")[index % 3],
    )  # fmt: skip
    bind_device(clerk, measure, device, at=now - timedelta(days=BOUND_DAYS))
    return {
        "terminal_id": terminal, "auth_code": auth_code, "person": entry.person.number,
        "measure": measure.number, "home": home, "beyond": beyond, "banned": banned,
    }  # fmt: skip


def _three_places(code, chance):
    """A home two kilometres inside the area, a place clearly beyond its line, one inside to be banned.

    The line is crossed where it is well known, at a right angle or nearly so.
    """
    from shapely.geometry import Point

    from sifang.monitoring import boundaries
    from sifang.ops.demo import places

    code = boundaries.area_of(code)
    area = places.area(code)
    vertices = [v for ring in boundaries.public_area(code).rings for v in ring.tolist() if v[2] < KNOWN_M]
    for _ in range(2_000):
        lon, lat, boundary_m = chance.choice(vertices)
        turn = chance.uniform(0, 2 * math.pi)
        home, beyond, banned = (
            places.shifted((lon, lat), far_m * math.cos(turn), far_m * math.sin(turn))
            for far_m in (2_500.0, -CLEAR_M - 4 * boundary_m, 4_500.0)
        )
        if not area.contains(Point(home)) or not area.contains(Point(banned)):
            continue
        inside_m = min(area.boundary.distance(Point(one)) for one in (home, banned))
        if min(inside_m, area.distance(Point(beyond))) * places.METRES_A_DEGREE > CLEAR_M * 0.8:
            return home, beyond, banned
    raise AssertionError(f"no place near a line found in {code}")


if __name__ == "__main__":
    sys.exit(main())
