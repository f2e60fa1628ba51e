"""DESIGN § 11: what Sifang refuses to be has no table, no endpoint and no library here."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver

from sifang.people.models import Person

ROOT = Path(__file__).parents[2]
WORDS = re.compile(
    r"watch_?list|face|biometr|predict|score|risk_?level|black_?list|near_?by|companion|punish|credit",
    re.IGNORECASE,
)
LIBRARIES = re.compile(
    r"^(face|insightface|dlib|opencv|deepface|torch|tensorflow|scikit-learn|xgboost)", re.MULTILINE
)


def addresses(patterns, before=""):
    for one in patterns:
        here = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from addresses(one.url_patterns, here)
        else:
            yield here


def test_no_table_or_column_for_lists_scores_faces_or_companions():
    names = [
        f"{model._meta.db_table}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("sifang.")
        for field in model._meta.get_fields()
    ]
    assert len(names) > 100
    assert [name for name in names if WORDS.search(name)] == []


def test_no_table_says_which_persons_were_together():
    for model in apps.get_models():
        links = [field for field in model._meta.fields if field.related_model is Person]
        assert len(links) <= 1, model
        assert not [field for field in model._meta.many_to_many if field.related_model is Person], model


def test_no_address_exports_everybody_or_scores_anybody():
    found = list(addresses(get_resolver("sifang.web.urls").url_patterns))
    assert len(found) > 5
    whole = [one for one in found if not re.match(r"(api/)?persons/<(str:)?number>/", one)]
    assert [one for one in found if WORDS.search(one) or re.search(r"dump|download", one)] == []
    assert [one for one in whole if "export" in one] == []  # one person's track goes to a court, never all


@pytest.mark.parametrize("file", ["runtime.txt", "runtime.in"])
def test_no_library_for_faces_or_prediction_is_installed(file):
    assert LIBRARIES.findall((ROOT / "requirements" / file).read_text(encoding="utf-8")) == []
