"""Every OwnTracks sample of the shared folder, compared field by field with what it says itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.gateways.owntracks.decoder import decode_line
from sifang.monitoring.intake.fixes import iso

WITH_PLACE = {"location", "transition"}


def samples(shared):
    lines = (shared / "samples" / "http" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    return [sample for line in lines if (sample := json.loads(line))["protocol"].startswith("owntracks")]


def told(sample):
    headers = {}
    if "topic" in sample:
        _, user, device, *_ = sample["topic"].split("/")
        headers = {"X-Limit-U": user, "X-Limit-D": device}
    line = {"method": "POST", "path": "/owntracks", "headers": headers, "body": sample["body"]}
    return decode_line(json.dumps(line))


def positive(value):
    return value if value is not None and value > 0 else None


def known(value):
    return value if value is not None and value >= 0 else None


def expected_fix(body):
    placed = (body["lat"], body["lon"]) != (0, 0)
    return {
        "lon": body["lon"] if placed else None,
        "lat": body["lat"] if placed else None,
        "taken_at": iso(int(body["tst"])),
        "speed_kmh": known(body.get("vel")),
        "course_deg": known(body.get("cog")),
        "altitude_m": body.get("alt"),
        "located": placed,
        "accuracy_m": positive(body.get("acc")),
        "satellites": None,
        "battery_percent": body.get("batt"),
        "alarm_flags": None,
        "status_flags": None,
    }


def expected_device(sample, body):
    topic = (sample.get("topic") or body.get("topic") or "").split("/")
    return "/".join(topic[1:3]) if len(topic) >= 3 else body.get("tid")


def test_every_sample_says_what_it_says(shared):
    all_samples = samples(shared)
    assert len(all_samples) == 72
    fixes = 0
    for sample in all_samples:
        answer = told(sample)
        if not sample["json_valid"]:
            assert (answer["error"], answer["status"]) == ("bad_frame", 400)
            continue
        body = json.loads(sample["body"])
        expected = [expected_fix(body)] if body["_type"] in WITH_PLACE else []
        assert answer == {"device": expected_device(sample, body), "fixes": expected}
        fixes += len(expected)
    assert fixes == 33


@pytest.mark.parametrize("field", ["lat", "tst", "acc", "batt"])
def test_a_field_that_differs_would_be_noticed(shared, field):
    sample = next(one for one in samples(shared) if one["type"] == "location" and '"batt"' in one["body"])
    body = json.loads(sample["body"])
    body[field] += 1
    assert told(sample)["fixes"] != [expected_fix(body)]


VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6), st.just({}), st.just([])
)
FIELDS = st.sampled_from(["lat", "lon", "tst", "acc", "batt", "vel", "cog", "alt", "tid", "topic"])


@pytest.mark.parametrize("kind", [["location"], {}, None, 5])
def test_a_type_that_is_no_text_is_no_place(kind):
    message = {"_type": kind, "lat": 1, "lon": 2, "tid": "x"}
    assert decode_line(json.dumps({"path": "/", "body": message})) == {"device": "x", "fixes": []}


def test_no_field_says_minus_zero():
    message = {"_type": "location", "tid": "x"} | dict.fromkeys(["lat", "vel", "cog", "alt"], -0.0)
    answer = decode_line(json.dumps({"path": "/", "body": message | {"lon": 2, "tst": 5}}))
    assert "-0.0" not in json.dumps(answer["fixes"])
    assert answer["fixes"][0]["lat"] == 0.0


@given(
    st.sampled_from(["location", "transition", "lwt", 5, [], None]),
    st.dictionaries(FIELDS, VALUES),
    st.booleans(),
)
def test_no_message_raises_anything_but_a_refusal(kind, fields, is_list):
    message = {"_type": kind} | fields
    line = json.dumps({"method": "POST", "path": "/owntracks", "body": [message] if is_list else message})
    json.dumps(decode_line(line), allow_nan=False)
