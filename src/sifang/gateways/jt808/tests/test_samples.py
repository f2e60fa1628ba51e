"""Every JT/T 808 sample of the shared folder says what its expectation says, or is a named exception."""

import json
from pathlib import Path

import pytest

from sifang.gateways.jt808.decoder import decode_line
from sifang.gateways.jt808.tests.expectations import case_differences

FILES = {"yezhihao": 252, "smallchi": 289}
EXCEPTIONS = json.loads((Path(__file__).parent / "sample_exceptions.json").read_text(encoding="utf-8"))


def cases(shared, name):
    lines = (shared / "samples" / "jt808" / f"{name}_cases.jsonl").read_text(encoding="utf-8").splitlines()
    return {f"{name}:{number}": json.loads(line) for number, line in enumerate(lines, 1)}


@pytest.mark.parametrize("name", FILES)
def test_every_sample_agrees_field_by_field_but_the_named_exceptions(shared, name):
    compared = cases(shared, name)
    assert len(compared) == FILES[name]
    differing = {key: found for key, case in compared.items() if (found := case_differences(case))}
    excepted = {key for key in EXCEPTIONS["cases"] if key.startswith(name)}
    assert {key: differing[key] for key in differing.keys() - excepted} == {}
    assert excepted - differing.keys() == set(), "an exception is none any more"


def test_every_exception_says_why():
    reasons = {case["why"] for case in EXCEPTIONS["cases"].values()}
    assert reasons == set(EXCEPTIONS["reasons"])


@pytest.mark.parametrize("name", FILES)
def test_every_sample_gives_one_json_object_and_no_impossible_place(shared, name):
    for case in cases(shared, name).values():
        told = decode_line(case["hex"])
        json.dumps(told)
        for fix in told.get("fixes", []):
            if "error" not in fix and fix["lat"] is not None:
                assert abs(fix["lat"]) <= 90
                assert abs(fix["lon"]) <= 180


def test_a_field_that_differs_is_noticed(shared):
    case = cases(shared, "yezhihao")["yezhihao:1"]
    case["expected"]["resultCode"] += 1
    assert case_differences(case) == ["resultCode: expected 4, got 3"]
