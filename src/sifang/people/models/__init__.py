"""Tables of people: agencies and officers, persons and orders, powers and shares."""

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
    active_roles,
)

__all__ = [
    "Agency",
    "AgencyKind",
    "Delegation",
    "DelegationMatter",
    "DelegationTitle",
    "Level",
    "Officer",
    "OfficerManager",
    "Order",
    "OrderType",
    "Person",
    "ReadRecord",
    "Role",
    "RoleGrant",
    "Share",
    "ShareMatter",
    "active_roles",
]
