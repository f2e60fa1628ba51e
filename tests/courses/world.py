"""Where simulated courses happen: agencies and officers of two counties, a clock, one session of all roles.

A course needs the roles app, jobs and (to tamper) owner within one transaction that is taken back at the
end, so that thousands of courses leave nothing. The session therefore belongs to the cluster's superuser and
takes the role it needs with SET ROLE: row security and grants are then those of that role, as in production.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.conninfo import conninfo_to_dict

import sifang.kernel.time
from sifang.people.models import Agency, AgencyKind, Delegation, Level, Officer, Role
from sifang.people.services import grant_role, register_agency, register_officer

BUREAU, OFFICE = AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE
LIXIA, SHANGHE = "370102", "370126"
AGENCIES = [
    ("山东省司法厅", BUREAU, Level.PROVINCE, "370000", None),
    ("济南市司法局", BUREAU, Level.CITY, "370100", "山东省司法厅"),
    ("济南监狱", AgencyKind.PRISON, Level.CITY, "370100", None),
    ("济南市公安局", AgencyKind.POLICE, Level.CITY, "370100", None),
    ("青岛市市南区人民法院", AgencyKind.COURT, Level.COUNTY, "370202", None),
    *(
        row
        for county, code in (("历下区", LIXIA), ("商河县", SHANGHE))
        for row in (
            (f"{county}司法局", BUREAU, Level.COUNTY, code, "济南市司法局"),
            (f"{county}委托所", OFFICE, Level.TOWNSHIP, code, f"{county}司法局"),
            (f"{county}未托所", OFFICE, Level.TOWNSHIP, code, f"{county}司法局"),
            (f"{county}人民检察院", AgencyKind.PROCURATORATE, Level.COUNTY, code, None),
            (f"{county}人民法院", AgencyKind.COURT, Level.COUNTY, code, None),
            (f"{county}公安局", AgencyKind.POLICE, Level.COUNTY, code, "济南市公安局"),
        )
    ),
]
WORKS = {
    BUREAU: Role.COUNTY_OFFICER,
    OFFICE: Role.TOWNSHIP_OFFICER,
    AgencyKind.PRISON: Role.CUSTODY_OFFICER,
    AgencyKind.POLICE: Role.POLICE_OFFICER,
    AgencyKind.COURT: Role.JUDGE,
    AgencyKind.PROCURATORATE: Role.PROSECUTOR,
}
SINCE = datetime(2020, 7, 1, tzinfo=UTC)
MATTERS = ("leave", "daily", "announce", "plan", "team", "help")


@dataclass
class World:
    """Agencies and their officers by the agency's name; `heads`: the heads of the county bureaus."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    officers: dict[Any, Officer] = field(default_factory=dict)
    heads: dict[Any, Officer] = field(default_factory=dict)

    def of_county(self, code: str, kind: AgencyKind) -> Agency:
        return next(one for one in self.agencies.values() if (one.area_code, one.kind) == (code, kind))

    def officer_of(self, agency: Agency) -> Officer:
        return self.officers[agency.id]


def build_world() -> World:
    """Write agencies, officers with roles since 2020, and what one office of each county was left."""
    world = World()
    with transaction.atomic():
        for name, kind, level, area, parent in AGENCIES:
            above = world.agencies[parent] if parent else None
            agency = world.agencies[name] = register_agency(name, kind, level, area, parent=above)
            world.officers[agency.id] = _officer(f"o{len(world.officers)}", agency, WORKS[kind])
            if kind == BUREAU and level == Level.COUNTY:
                world.heads[agency.id] = _officer(f"h{len(world.heads)}", agency, Role.JUSTICE_HEAD)
        _delegate(world)
    return world


def _officer(username: str, agency: Agency, role: Role) -> Officer:
    officer = register_officer(username, username, agency)
    grant_role(officer, role, valid_from=SINCE)
    return officer


def _delegate(world: World) -> None:
    from sifang.people.access import Purpose, acting

    for county in ("历下区", "商河县"):
        agency, office = world.agencies[f"{county}司法局"], world.agencies[f"{county}委托所"]
        by = world.officer_of(agency)
        with acting(by, Purpose.DAILY):
            for matter in MATTERS:
                Delegation.objects.create(
                    agency=agency, office=office, matter=matter, by=by,
                    document_no=f"{county}司委〔2020〕1号", valid_from=date(2020, 7, 1),
                )  # fmt: skip


# ---- the clock ------------------------------------------------------------


class _Stopped(datetime):
    """`datetime` whose `now` is what the simulation says."""

    at: datetime = datetime(2022, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return _Stopped.at.astimezone(tz or UTC)


@contextmanager
def simulated_clock() -> Iterator[type[_Stopped]]:
    """Let the house's clock show `.at`; the machine's own clock and the database's stay as they are."""
    real = sifang.kernel.time.datetime
    sifang.kernel.time.datetime = _Stopped  # type: ignore[attr-defined]
    try:
        yield _Stopped
    finally:
        sifang.kernel.time.datetime = real  # type: ignore[attr-defined]


# ---- one session, every role ------------------------------------------------------------


@contextmanager
def one_session() -> Iterator[None]:
    """Make `default` a superuser's session that works as role app (see `as_role`)."""
    old = connections["default"]
    wanted = deepcopy(old.settings_dict)
    parts = conninfo_to_dict(os.environ["SIFANG_TEST_CLUSTER"])
    wanted |= {"USER": parts.get("user", ""), "PASSWORD": parts.get("password", "")}
    wanted |= {"HOST": parts.get("host", ""), "PORT": parts.get("port", "")}
    session = DatabaseWrapper(wanted, "default")
    connections["default"] = session
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE sifang_app; SET jit = off")
        yield
    finally:
        session.close()
        connections["default"] = old


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Work as another of the house's roles for a while."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE sifang_{role}")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE sifang_app")


class TakenBack(Exception):
    """Raised to roll a course back."""


@contextmanager
def taken_back() -> Iterator[None]:
    """Run something in a transaction of which nothing remains."""
    try:
        with transaction.atomic():
            yield
            raise TakenBack  # noqa: TRY301 (this is the way back)
    except TakenBack:
        pass
