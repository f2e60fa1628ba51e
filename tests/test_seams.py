"""The seams between rooms: every event is heard, every table about a person is guarded."""

import dataclasses
import inspect
from importlib import import_module
from pkgutil import iter_modules

import pytest
from django.apps import apps
from django.db import connection

import sifang
from sifang.kernel.events import is_heard
from sifang.people.models import Person
from sifang.people.purposes import Purpose, SystemPurpose

# Officer: a sign-in may be the person's own; it carries no more than that link.
NOT_ABOUT_A_PERSON = {"people_officer", "people_rolegrant"}


def events():
    for room in iter_modules(sifang.__path__, "sifang."):
        try:
            module = import_module(f"{room.name}.events")
        except ModuleNotFoundError:
            continue
        for _, one in inspect.getmembers(module, dataclasses.is_dataclass):
            if one.__module__ == module.__name__:
                yield one


def test_every_event_has_a_subscriber_or_is_marked_unheard():
    known = list(events())
    assert len(known) > 5
    assert [one.__qualname__ for one in known if not is_heard(one)] == []


def test_every_event_is_frozen_and_carries_ids_only():
    for one in events():
        assert one.__dataclass_params__.frozen, one
        assert not {"name", "lon", "lat"} & {field.name for field in dataclasses.fields(one)}, one


def tables_about_persons():
    """Every table from which foreign keys lead to a person, directly or over another such table."""
    models = [
        one
        for one in apps.get_models()
        if one.__module__.startswith("sifang.") and one._meta.db_table not in NOT_ABOUT_A_PERSON
    ]
    about, size = {Person}, 0
    while size != len(about):
        size = len(about)
        about |= {one for one in models if {field.related_model for field in one._meta.fields} & about}
    return {one._meta.db_table for one in about} | {"people_readrecord", "monitoring_journalblock"}


@pytest.mark.django_db(databases=["default"])
def test_every_table_about_a_person_is_under_forced_row_security_with_policies():
    tables = tables_about_persons()
    assert {"people_order", "cases_case", "monitoring_fence", "monitoring_alarmact"} <= tables
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"
            " AND EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = relname)"
        )
        guarded = {name for (name,) in cursor.fetchall()}
        assert tables - guarded == set()


@pytest.mark.django_db(databases=["default"])
def test_without_context_the_app_sees_no_row_of_any_table_about_a_person(city):
    with connection.cursor() as cursor:
        for table in sorted(tables_about_persons()):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            assert cursor.fetchone() == (0,), table


def test_purposes_and_system_purposes_have_different_words():
    titles = [one.title for one in Purpose]
    assert len(set(titles)) == len(titles)
    assert not {one.value for one in Purpose} & {one.value for one in SystemPurpose}
