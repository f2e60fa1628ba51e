"""Positions of persons live in encrypted journal blocks and nowhere else."""

import re

from django.apps import apps
from django.db import models

ROOMS = {"people", "ledger", "cases", "monitoring"}


def test_only_the_journal_can_hold_a_position_of_a_person() -> None:
    """Lines and places of fences are not positions of persons; nothing else has a place for coordinates."""
    found, geometries = [], set()
    for model in apps.get_models():
        if model._meta.app_label not in ROOMS:
            continue
        for field in model._meta.concrete_fields:
            if re.search(r"^(lon|lat|longitude|latitude|position|location|point)", field.column):
                found.append(f"{model.__name__}.{field.column}")
            if isinstance(field, models.JSONField) and field.column == "geometry":
                geometries.add(model.__name__)
    assert found == []
    assert geometries == {"BoundaryLine", "Fence"}
