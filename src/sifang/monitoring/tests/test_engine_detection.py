"""The short form of `bench/detection.py`: the promise of detection on one seed."""

from dataclasses import replace

from bench import detection
from sifang.monitoring.engine.constants import DEFAULT


def test_breaches_are_found_and_few_alarms_are_false():
    found = detection.run(seed=3, persons=60)
    assert found.breaches >= 60
    assert found.recall >= 0.98
    assert found.precision >= 0.9
    assert found.false / found.person_days <= 0.1


def test_the_simulation_can_tell_a_careless_engine():
    careless = replace(
        DEFAULT, outlier=1e-9, shared_part=0.0, boundary_dwell_s=0.0, depth_m=0.0, min_fixes=1.0
    )
    found = detection.run(seed=3, persons=15, rules=careless)
    assert found.false / found.person_days > 0.3
