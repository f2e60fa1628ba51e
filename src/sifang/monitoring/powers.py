"""Who may do what about a measure, a device, an alarm; seeing is row security's business, not ours.

Only this module names roles. A refusal says whose power it is and by which article.
"""

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.people.models import AgencyKind, Level, Officer, Person, Role, active_roles

CASE_OFFICERS = frozenset({Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER})
ALARM_OFFICERS = frozenset({Role.DUTY_OFFICER, Role.COUNTY_OFFICER, Role.TOWNSHIP_OFFICER})
OPERATORS = frozenset({Role.SYSTEM_ADMIN, Role.COUNTY_OFFICER, Role.DUTY_OFFICER})


def holds(officer: Officer, roles: frozenset[Role]) -> bool:
    """Whether the officer holds one of these roles now, inside the justice administration or as operator."""
    return bool(roles & active_roles(officer, utc_now()))


def need_head_of_county(officer: Officer, person: Person) -> None:
    """社区矫正法29条: only the head of the justice bureau of the person's county. Raises BeyondPower."""
    agency = officer.agency
    if (
        agency is None
        or agency.kind != AgencyKind.JUSTICE_BUREAU
        or agency.level != Level.COUNTY
        or agency.area_code != person.county_code
        or not holds(officer, frozenset({Role.JUSTICE_HEAD}))
    ):
        owner = f"{person.county_agency.name}负责人"
        raise BeyondPower(owner=owner, article="社区矫正法29条")


def need_county_agency(officer: Officer, person: Person, article: str) -> None:
    """The county's corrections agency or its head. Raises BeyondPower."""
    if officer.agency_id != person.county_agency_id or not holds(
        officer, frozenset({Role.COUNTY_OFFICER, Role.JUSTICE_HEAD})
    ):
        raise BeyondPower(owner=person.county_agency.name, article=article)


def need_exporter(officer: Officer, person: Person) -> None:
    """Who hands a track out as a file: the person's county agency or its head, the procuratorate.

    Our reading of 社区矫正法29条 (confidential): narrower than reading on a page, so that a justice office
    or a duty desk asks the county agency. Raises BeyondPower.
    """
    if not holds(officer, frozenset({Role.PROSECUTOR})):
        need_county_agency(officer, person, "社区矫正法29条")


def need_case_officer(officer: Officer, person: Person, article: str) -> None:
    """An officer of the person's justice office or county agency. Raises BeyondPower."""
    if not holds(officer, CASE_OFFICERS):
        raise BeyondPower(owner=f"{person.county_agency.name}及受委托的司法所", article=article)


def need_alarm_officer(officer: Officer) -> None:
    """Duty, county and township officers handle alarms; the procuratorate reads. Raises BeyondPower."""
    if not holds(officer, ALARM_OFFICERS):
        raise BeyondPower(owner="值班员、县级社区矫正机构和司法所工作人员", article="社区矫正法29条")


def need_operator(officer: Officer) -> None:
    """Who registers devices and sees refused counts; outsiders learn nothing. Raises NotFound."""
    if not officer.is_active or not holds(officer, OPERATORS):
        raise NotFound
