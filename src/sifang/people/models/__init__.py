"""Tables of people: agencies and officers, persons and orders, powers and shares."""

from sifang.people.models.family import Alias, Guardian
from sifang.people.models.powers import (
    Delegation,
    DelegationMatter,
    DelegationTitle,
    Share,
    ShareMatter,
)
from sifang.people.models.register import (
    Agency,
    AgencyKind,
    Level,
    Officer,
    OfficerManager,
    Order,
    OrderType,
    Person,
    ReadRecord,
    Role,
    RoleGrant,
    TermCheck,
    active_roles,
)
from sifang.people.models.seals import Sealing, Unsealing, UnsealingGround
from sifang.people.models.terms import Numbering, TermResolution

__all__ = [
    "Agency",
    "AgencyKind",
    "Alias",
    "Delegation",
    "DelegationMatter",
    "DelegationTitle",
    "Guardian",
    "Level",
    "Numbering",
    "Officer",
    "OfficerManager",
    "Order",
    "OrderType",
    "Person",
    "ReadRecord",
    "Role",
    "RoleGrant",
    "Sealing",
    "Share",
    "ShareMatter",
    "TermCheck",
    "TermResolution",
    "Unsealing",
    "UnsealingGround",
    "active_roles",
]
