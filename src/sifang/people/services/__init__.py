"""The verbs of people: the only functions that write agencies, officers, persons, orders and powers."""

from sifang.people.services.delegations import delegate, end_delegation
from sifang.people.services.register import (
    PersonFacts,
    end_role,
    grant_role,
    register_agency,
    register_officer,
    register_order,
    register_person,
    retire_officer,
)
from sifang.people.services.shares import end_share, share

__all__ = [
    "PersonFacts",
    "delegate",
    "end_delegation",
    "end_role",
    "end_share",
    "grant_role",
    "register_agency",
    "register_officer",
    "register_order",
    "register_person",
    "retire_officer",
    "share",
]
