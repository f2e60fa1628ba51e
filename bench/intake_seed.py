"""Devices under measures for the benches of intake and city, as role owner: some by the services, the rest
like them in bulk (each act of the services is some hundred statements, and a bench needs thousands).

Each person has a boundary (the line of the city or of the county, from two public sources) and wears one
device, whose code is the one that the gateway tells at registration. Statistics are brought up to date.
"""
# ruff: noqa: ANN001, ANN003, ANN201, SLF001

import argparse
import hashlib
import json
import random
import sys
from datetime import timedelta
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    asked = parser.parse_args()
    import django

    django.setup()
    asked.plan.write_text(json.dumps(seed(asked.devices, random.Random(7))), "utf-8")
    return 0


def seed(devices, chance):
    from django.db import connection

    from sifang.kernel.config import need
    from sifang.kernel.time import legal_day, utc_now
    from sifang.monitoring import boundaries
    from sifang.monitoring.intake.codes import AuthCodes
    from sifang.monitoring.intake.config import IntakeConfig
    from sifang.monitoring.intake.keystore import KeyStore
    from sifang.ops.demo import places
    from sifang.ops.demo.agencies import make_organs
    from sifang.ops.demo.persons import take_over
    from sifang.ops.demo.tracked import make_models
    from sifang.people.access import system

    codes = AuthCodes(KeyStore(need(IntakeConfig).keys).named("authcodes"))
    with system("migration"):
        now = utc_now()
        organs = make_organs(now)
        entries = take_over(organs, legal_day(now), devices, devices, chance)
        model = make_models(organs.officers["sysadmin"])[0]
        terminals = [f"1380000{index + 1:05}" for index in range(len(entries))]
        patterns, rest = {}, []
        for terminal, entry in zip(terminals, entries, strict=True):
            area = boundaries.area_of(entry.county.code)
            if area in patterns:
                rest.append((terminal, entry, patterns[area]))
            else:
                patterns[area] = by_the_services(organs, model, codes, now, entry, terminal)
        in_bulk(organs, codes, rest)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return {
        "devices": [
            {
                "terminal_id": terminal, "auth_code": codes.code_of(terminal), "imei": "", "version": 2013,
                "home": places.somewhere(entry.county.code, chance),
            }
            for terminal, entry in zip(terminals, entries, strict=True)
        ]
    }  # fmt: skip


def by_the_services(organs, model, codes, now, entry, terminal):  # noqa: PLR0917
    """Put one person under a measure as the product does; return proof, measure, clause, fence, device."""
    from sifang.kernel.time import legal_day
    from sifang.monitoring.models import ClauseKind, Ground
    from sifang.monitoring.services.clauses import add_clause, compile_fences
    from sifang.monitoring.services.devices import bind_device, register_device
    from sifang.monitoring.services.measures import approve_measure, make_known, record_proof

    code = entry.county.code
    clerk, head = organs.clerks[code], organs.heads[code]
    approved = now - timedelta(days=10)
    proof = record_proof(
        clerk, entry.person, Ground.LEFT_WITHOUT_APPROVAL, document_no=f"济矫证（性能）{terminal}号",
        document_date=legal_day(approved) - timedelta(days=8), summary="未经批准离开，经查证属实",
    )  # fmt: skip
    measure = approve_measure(head, entry.order, proof, reasons="确有必要", approved_at=approved)
    add_clause(
        clerk, entry.order, ClauseKind.BOUNDARY, text="离开须先获批准。", article="社区矫正法27条",
        source=f"社区矫正法27条；决定文书 {entry.order.document_no}", valid_from=approved,
    )  # fmt: skip
    measure = make_known(clerk, measure, at=now - timedelta(days=9))
    (fence,) = compile_fences(clerk, measure)
    fence.clause.refresh_from_db()
    device = register_device(
        clerk, model, terminal_id=terminal, county_code=code, auth_code=codes.code_of(terminal),
        carrier="移动",
    )  # fmt: skip
    binding = bind_device(clerk, measure, device, at=now - timedelta(days=3))
    return proof, measure, fence.clause, fence, device, binding


def in_bulk(organs, codes, people):
    """Put the others under measures like those made by the services, table by table.

    Constraints and triggers hold as always; ledger and expectations, which no bench reads, are left out.
    """
    from sifang.law.time import day_begins
    from sifang.monitoring.models import Binding, Clause, Device, Fence, Measure, Proof

    made = {table: [] for table in (Proof, Measure, Clause, Fence, Device, Binding)}
    for terminal, entry, (proof, measure, clause, fence, device, binding) in people:
        code, order = entry.county.code, entry.order
        of = {"person": entry.person, "order": order}
        term = day_begins(order.term_end + timedelta(days=1))
        hash_ = hashlib.sha256(codes.code_of(terminal).encode()).digest()
        ours = copied(proof, person=entry.person, document_no=f"济矫证（性能）{terminal}号")
        theirs = copied(
            measure, **of, proof=ours, approver=organs.heads[code], ends_at=min(measure.ends_at, term)
        )
        rule = copied(clause, **of, valid_to=term)
        worn = copied(device, terminal_id=terminal, county_code=code, auth_code_hash=hash_)
        clerk = organs.clerks[code]
        made[Proof].append(ours)
        made[Measure].append(theirs)
        made[Clause].append(rule)
        made[Fence].append(copied(fence, measure=theirs, clause=rule))
        made[Device].append(worn)
        made[Binding].append(copied(binding, device=worn, measure=theirs, bound_by=clerk))
    for table, rows in made.items():
        table.objects.bulk_create(rows, batch_size=500)


def copied(pattern, **columns):
    """Return a row like `pattern`, not yet stored, with a key of its own and these columns."""
    kept = {
        field.name: getattr(pattern, field.name)
        for field in pattern._meta.concrete_fields
        if field.name not in {"id", "number", *columns}
    }
    return type(pattern)(**kept, **columns)


if __name__ == "__main__":
    sys.exit(main())
