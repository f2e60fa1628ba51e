"""Every OsmAnd sample of the shared folder, compared field by field with its expectation."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sifang.gateways.osmand.decoder import decode_line
from sifang.monitoring.intake.fixes import iso

OURS = {
    "lon": "lon",
    "lat": "lat",
    "accuracy_m": "accuracy_m",
    "battery_percent": "battery_percent",
    "speed_kmh": "speed_kmh",
    "course": "course_deg",
    "altitude_m": "altitude_m",
}
REFUSED = 400


def samples(shared, protocol):
    lines = (shared / "samples" / "http" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    return [sample for line in lines if (sample := json.loads(line))["protocol"] == protocol]


def test_every_query_sample_says_what_it_expects(shared):
    found = samples(shared, "osmand")
    assert len(found) == 7
    for sample in found:
        answer = decode_line(json.dumps({"method": sample["method"], "path": sample["path"], "headers": {}}))
        expected = sample["expected"]
        if sample["want_status_in_home_assistant"] != 200:
            assert (answer["error"], answer["status"]) == ("bad_frame", REFUSED)
            continue
        assert answer["device"] == expected["device_id"]
        (fix,) = answer["fixes"]
        for theirs, ours in OURS.items():
            assert fix[ours] == expected.get(theirs), theirs
        assert fix["taken_at"] == (iso(expected["time_unix"]) if "time_unix" in expected else None)


def test_the_json_template_is_read_with_and_without_values(shared):
    (sample,) = samples(shared, "osmand-json")
    template = json.loads(sample["body_template"])
    template["device_id"] = "WB1"
    location = template["location"]
    location["timestamp"] = "2026-11-23T08:15:00+08:00"
    (empty,) = answer(template)["fixes"]
    assert (empty["located"], empty["lon"], empty["accuracy_m"]) == (False, None, None)
    location["coords"] |= {"latitude": 36.65, "longitude": 117.11, "accuracy": 7, "speed": 10, "heading": 90}
    (fix,) = answer(template)["fixes"]
    assert fix == {
        "lon": 117.11,
        "lat": 36.65,
        "taken_at": "2026-11-23T00:15:00Z",
        "speed_kmh": 36.0,
        "course_deg": 90.0,
        "altitude_m": 0.0,
        "located": True,
        "accuracy_m": 7.0,
        "satellites": None,
        "battery_percent": 50.0,
        "alarm_flags": None,
        "status_flags": None,
    }
    location["coords"] |= {"speed": -1, "heading": -1}
    location["battery"]["level"] = -1
    (unknown,) = answer(template)["fixes"]
    assert (unknown["speed_kmh"], unknown["course_deg"], unknown["battery_percent"]) == (None, None, None)


def answer(body):
    return decode_line(json.dumps({"method": "POST", "path": "/", "headers": {}, "body": json.dumps(body)}))


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("1795392900", "2026-11-23T00:15:00Z"),
        ("1795392900123", "2026-11-23T00:15:00Z"),
        ("2026-11-23T00:15:00Z", "2026-11-23T00:15:00Z"),
        ("2026-11-23T00:15:00", "2026-11-23T00:15:00Z"),
        ("2026-11-23 00:15:00", "2026-11-23T00:15:00Z"),
        ("2026-11-23T08:15:00%2B08:00", "2026-11-23T00:15:00Z"),
        ("2026-11-23T00:15:00.500Z", "2026-11-23T00:15:00Z"),
    ],
)
def test_times_of_every_form(timestamp, expected):
    line = {"method": "GET", "path": f"/?id=1&lat=1&lon=2&timestamp={timestamp}"}
    (fix,) = decode_line(json.dumps(line))["fixes"]
    assert fix["taken_at"] == expected


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("id=1", {"device": "1", "fixes": []}),
        ("id=1&lat=116&lon=1", {"error": "bad_value", "detail": "latitude 116.0", "status": 400}),
        ("id=1&lat=nan&lon=1", {"error": "bad_value", "detail": "lat 'nan'", "status": 400}),
        ("id=1&lat=1&lon=1&timestamp=soon", {"error": "bad_value", "detail": "time 'soon'", "status": 400}),
        ("id=1&lat=1&lon=1&speed=700", {"error": "bad_value", "detail": "speed 1296.4 km/h", "status": 400}),
        ("id=1&lat=1", {"error": "bad_frame", "detail": "half a position", "status": 400}),
        ("lat=1&lon=1", {"error": "bad_frame", "detail": "no device id", "status": 400}),
    ],
)
def test_what_is_no_fix(query, answer):
    assert decode_line(json.dumps({"method": "GET", "path": f"/?{query}"})) == answer


def test_no_field_says_minus_zero():
    query = "id=1&lat=-0.0&lon=2&speed=-0&bearing=-0.0&altitude=-0.0&timestamp=1787000000"
    answer = decode_line(json.dumps({"path": f"/?{query}"}))
    assert "-0.0" not in json.dumps(answer)


VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6), st.just({}), st.just([])
)
COORDS = st.dictionaries(
    st.sampled_from(["latitude", "longitude", "accuracy", "speed", "heading", "altitude"]), VALUES
)
LOCATION = st.fixed_dictionaries(
    {"timestamp": VALUES, "coords": st.one_of(COORDS, VALUES), "battery": st.just({"level": 2}) | VALUES}
)


@given(VALUES, st.one_of(LOCATION, VALUES, st.lists(LOCATION, max_size=2)))
def test_no_json_body_raises_anything_but_a_refusal(device, location):
    told = answer({"device_id": device, "location": location})
    for fix in told.get("fixes", []):
        json.dumps(fix, allow_nan=False)


@given(st.dictionaries(st.sampled_from(["id", "lat", "lon", "timestamp", "speed", "batt", "valid"]), VALUES))
def test_no_query_raises_anything_but_a_refusal(fields):
    told = decode_line(json.dumps({"path": "/?" + urlencode(fields)}))
    json.dumps(told, allow_nan=False)
