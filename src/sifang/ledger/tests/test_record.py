"""What is recorded has one text, its commitment holds, and nobody changes it afterwards."""

import hashlib
import json

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from sifang.ledger.canonical import SAFE_INTEGER, canonical
from sifang.ledger.errors import NotCanonical, NoTransaction
from sifang.ledger.models import LedgerPending
from sifang.ledger.services import record

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_text_says_exactly_what_was_recorded(value):
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(TEXT, VALUES, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(VALUES, VALUES)
def test_two_records_have_one_text_only_when_they_are_equal(one, other):
    same_kind = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical(one) == canonical(other)) == same_kind


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ('\u0008\t\n\f\r"\\\u001f\u007f/é张', '"\\b\\t\\n\\f\\r\\"\\\\\\u001f\u007f/é张"'),
        ({"\ufb33": 1, "\U0001f600": 2, "€": 3}, '{"€":3,"\U0001f600":2,"\ufb33":1}'),  # RFC 8785 § 3.2.3
        (-0, "0"),
    ],
)
def test_text_as_rfc_8785_writes_it(value, text):
    assert canonical(value).decode() == text


@pytest.mark.parametrize("value", [1.0, float("nan"), 2**53, b"x", {1: 2}, {"a": {1.5}}, "\ud800", object()])
def test_what_has_no_single_text_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical({"value": value})


@pytest.mark.django_db(transaction=True, databases=["default"])
def test_a_record_needs_the_transaction_of_its_act():
    with pytest.raises(NoTransaction):
        record("note", {"a": 1})
    with transaction.atomic():
        record("note", {"a": 1})
    assert LedgerPending.objects.filter(kind="note").count() == 1


@pytest.mark.django_db(transaction=True, databases=["default"])
def test_a_record_disappears_with_the_act_that_is_rolled_back():
    with transaction.atomic():
        record("note", {"a": 1})
        transaction.set_rollback(True)
    assert not LedgerPending.objects.filter(kind="note").exists()


def test_the_commitment_is_salted_and_holds(db):
    first, second = record("note", {"a": 1}), record("note", {"a": 1})
    assert first.record == second.record == b'{"kind":"note","record":{"a":1}}'
    assert len(first.salt) == 32
    assert first.salt != second.salt
    assert first.commitment == hashlib.sha256(first.salt + first.record).digest()


def test_a_false_commitment_is_refused_by_the_database(db):
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerPending.objects.create(kind="x", record=b"{}", salt=b"0" * 32, commitment=b"1" * 32)


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "watch", "jobs"])
@pytest.mark.parametrize("alias", ["default", "owner", "watch", "jobs"])
def test_no_role_changes_or_deletes_a_record(alias):
    with transaction.atomic(using=alias):
        record("note", {"a": 1}, using=alias)
    with pytest.raises(DatabaseError), transaction.atomic(using=alias):
        LedgerPending.objects.using(alias).update(kind="other")
    with pytest.raises(DatabaseError), transaction.atomic(using=alias):
        LedgerPending.objects.using(alias).all().delete()
