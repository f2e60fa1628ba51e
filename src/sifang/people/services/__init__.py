"""The verbs of people: the only functions that write agencies, officers, persons, orders and powers."""

from sifang.people.services.delegations import delegate, end_delegation
from sifang.people.services.handover import (
    correct_judgment,
    next_number,
    number_person,
    register_judgment,
)
from sifang.people.services.orders import (
    complete_papers,
    end_order,
    receive_order,
    register_order,
    register_person,
)
from sifang.people.services.persons import (
    PersonFacts,
    add_alias,
    add_guardian,
    change_person,
    move_person,
    tell_guardian,
)
from sifang.people.services.register import (
    end_role,
    grant_role,
    register_agency,
    register_officer,
    retire_officer,
)
from sifang.people.services.seals import seal_person, unseal
from sifang.people.services.shares import end_share, share

__all__ = [
    "PersonFacts",
    "add_alias",
    "add_guardian",
    "change_person",
    "complete_papers",
    "correct_judgment",
    "delegate",
    "end_delegation",
    "end_order",
    "end_role",
    "end_share",
    "grant_role",
    "move_person",
    "next_number",
    "number_person",
    "receive_order",
    "register_agency",
    "register_judgment",
    "register_officer",
    "register_order",
    "register_person",
    "retire_officer",
    "seal_person",
    "share",
    "tell_guardian",
    "unseal",
]
