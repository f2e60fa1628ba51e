"""Who an officer is to a case, and which agency answers for an actor: words of tables and the register.

Only this module (and the same rules in the database, migration 0006) matches roles with actors.
"""

from collections.abc import Iterable

from sifang.cases.models import Case, Proceeding
from sifang.kernel.time import utc_now
from sifang.law.procedure import Actor, Step
from sifang.people.models import Agency, AgencyKind, Level, Officer, Person, Role, active_roles
from sifang.people.powers import is_delegated

WRITTEN_DOWN = frozenset({Actor.PERSON, Actor.GUARDIAN, Actor.HELPER})
BUREAU, OFFICE = AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE


def actors_of(
    officer: Officer, case: Case, proceeding: Proceeding | None, held: frozenset[str] | None = None
) -> frozenset[Actor]:
    """Return what this officer is to this case now, delegations apart (`with_delegation`).

    `held`: the officer's roles in force, where they are known already.
    """
    roles = active_roles(officer, utc_now()) if held is None else held
    person, agency = case.person, officer.agency
    if officer.person_id is not None:
        own = officer.person_id == person.id and Role.PERSON in roles
        return frozenset({Actor.PERSON}) if own else frozenset()
    if agency is None:
        return frozenset()
    match agency.kind:
        case AgencyKind.JUSTICE_OFFICE:
            own = agency.id == person.office_id and Role.TOWNSHIP_OFFICER in roles
            return frozenset({Actor.OFFICE}) if own else frozenset()
        case AgencyKind.JUSTICE_BUREAU:
            return frozenset(_bureau(agency, roles, person, proceeding))
        case AgencyKind.PROCURATORATE:
            return frozenset({Actor.PROCURATORATE}) if Role.PROSECUTOR in roles else frozenset()
        case _:
            return frozenset(_bodies(agency, roles, case))


def _bureau(
    agency: Agency, roles: frozenset[str], person: Person, proceeding: Proceeding | None
) -> Iterable[Actor]:
    works, leads = Role.COUNTY_OFFICER in roles, Role.JUSTICE_HEAD in roles
    if agency.id == person.county_agency_id:
        if works:
            yield Actor.COUNTY
        if leads:
            yield Actor.HEAD
    if proceeding is not None and agency.id == proceeding.other_agency_id and works:
        yield Actor.NEW_COUNTY
    if agency.level == Level.CITY and agency.area_code[:4] == person.county_code[:4] and (works or leads):
        yield Actor.HIGHER
    if agency.level == Level.PROVINCE and agency.area_code[:2] == person.county_code[:2] and (works or leads):
        yield Actor.PROVINCE


def _bodies(agency: Agency, roles: frozenset[str], case: Case) -> Iterable[Actor]:
    """Courts, custody bodies and police."""
    decides = agency.id == case.order.decided_by_id
    if agency.kind == AgencyKind.COURT and Role.JUDGE in roles:
        yield Actor.COURT
    elif agency.kind in {AgencyKind.PRISON, AgencyKind.DETENTION_CENTRE} and Role.CUSTODY_OFFICER in roles:
        yield Actor.CUSTODY
    elif agency.kind == AgencyKind.POLICE and Role.POLICE_OFFICER in roles:
        yield Actor.POLICE
        yield Actor.EXIT_ENTRY
    else:
        return
    if decides:
        yield Actor.DECIDER


def may_write_down(actors: frozenset[Actor]) -> bool:
    """Whether these actors may record what the person, guardian or a helper did on paper."""
    return bool(actors & {Actor.COUNTY, Actor.OFFICE, Actor.NEW_COUNTY})


def with_delegation(actors: frozenset[Actor], step: Step, case: Case, day: object) -> frozenset[Actor]:
    """Add the county agency for a row that it left to this justice office (社区矫正法9条)."""
    if Actor.OFFICE not in actors or not step.delegable or case.person.office_id is None:
        return actors
    if is_delegated(case.person.office_id, step.delegable, day):  # type: ignore[arg-type]
        return actors | {Actor.COUNTY}
    return actors


def agency_of(  # noqa: C901, PLR0911 (one line an actor)
    actor: Actor, case: Case, proceeding: Proceeding | None
) -> Agency | None:
    """Return the agency that answers for an actor in this case; None where it is no agency of ours."""
    person = case.person
    match actor:
        case Actor.OFFICE:
            return person.office or person.county_agency
        case Actor.COUNTY | Actor.HEAD:
            return person.county_agency
        case Actor.NEW_COUNTY:
            return proceeding.other_agency if proceeding else None
        case Actor.DECIDER:
            return case.order.decided_by
        case Actor.COURT:
            decider = case.order.decided_by
            return decider if decider.kind == AgencyKind.COURT else _of_county(AgencyKind.COURT, person)
        case Actor.HIGHER:
            return person.county_agency.parent
        case Actor.PROVINCE:
            above = person.county_agency.parent
            return (above.parent or above) if above else None
        case Actor.POLICE | Actor.EXIT_ENTRY:
            return _of_county(AgencyKind.POLICE, person)
        case Actor.PROCURATORATE:
            return _of_county(AgencyKind.PROCURATORATE, person)
        case Actor.CUSTODY:
            decider = case.order.decided_by
            return decider if decider.kind in {AgencyKind.PRISON, AgencyKind.DETENTION_CENTRE} else None
        case _:
            return None


def desk_of(actor: Actor, case: Case, proceeding: Proceeding | None) -> Agency:
    """Return the agency at whose desk a duty of this actor lies: for others than agencies the one that
    looks after the person.
    """
    found = agency_of(actor, case, proceeding)
    if found is not None:
        return found
    return case.person.county_agency


def near(actor: Actor, agency: Agency | None) -> Agency | None:
    """Return the procuratorate or police of another agency's county (letters of the new county)."""
    kind = {Actor.PROCURATORATE: AgencyKind.PROCURATORATE, Actor.POLICE: AgencyKind.POLICE}.get(actor)
    if kind is None or agency is None:
        return None
    return Agency.objects.filter(kind=kind, area_code=agency.area_code).order_by("level", "name").first()


def _of_county(kind: AgencyKind, person: Person) -> Agency | None:
    return Agency.objects.filter(kind=kind, area_code=person.county_code).order_by("name").first()
