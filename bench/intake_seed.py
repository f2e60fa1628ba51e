"""Devices under measures for the bench of the intake, made through the services as role owner.

Each person has a boundary (the line of the city or of the county, from two public sources) and wears one
device, whose code is the one that the gateway tells at registration.
"""
# ruff: noqa: ANN001, ANN201

import argparse
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
    from sifang.kernel.config import need
    from sifang.kernel.time import legal_day, utc_now
    from sifang.monitoring.intake.codes import AuthCodes
    from sifang.monitoring.intake.config import IntakeConfig
    from sifang.monitoring.intake.keystore import KeyStore
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
        return [tracked(organs, model, codes, now, one, index, chance) for index, one in enumerate(entries)]


def tracked(organs, model, codes, now, entry, index, chance):  # noqa: PLR0917
    from sifang.kernel.time import legal_day
    from sifang.monitoring.models import ClauseKind, Ground
    from sifang.monitoring.services.clauses import add_clause, compile_fences
    from sifang.monitoring.services.devices import bind_device, register_device
    from sifang.monitoring.services.measures import approve_measure, make_known, record_proof
    from sifang.ops.demo import places

    code = entry.county.code
    clerk, head = organs.clerks[code], organs.heads[code]
    approved = now - timedelta(days=10)
    proof = record_proof(
        clerk, entry.person, Ground.LEFT_WITHOUT_APPROVAL, document_no=f"济矫证（性能）{index}号",
        document_date=legal_day(approved) - timedelta(days=8), summary="未经批准离开，经查证属实",
    )  # fmt: skip
    measure = approve_measure(head, entry.order, proof, reasons="确有必要", approved_at=approved)
    add_clause(
        clerk, entry.order, ClauseKind.BOUNDARY, text="离开须先获批准。", article="社区矫正法27条",
        source=f"社区矫正法27条；决定文书 {entry.order.document_no}", valid_from=approved,
    )  # fmt: skip
    make_known(clerk, measure, at=now - timedelta(days=9))
    compile_fences(clerk, measure)
    terminal = f"1380000{index + 1:05}"
    device = register_device(
        clerk,
        model,
        terminal_id=terminal,
        county_code=code,
        auth_code=codes.code_of(terminal),
        carrier="移动",
    )
    bind_device(clerk, measure, device, at=now - timedelta(days=3))
    return {"terminal": terminal, "home": places.somewhere(code, chance)}


if __name__ == "__main__":
    sys.exit(main())
