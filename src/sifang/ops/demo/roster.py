"""Who acts in the demonstration: the officer of each actor, the agency that answers, what is delegated."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sifang.cases.models import Proceeding
from sifang.law.procedure import Actor, Step
from sifang.ops.demo.agencies import COUNTIES, Organs
from sifang.people.models import Agency, AgencyKind, Delegation, Officer, Order, Person

NOT_DELEGATED = "姚家司法所"
MATTERS = ("leave", "daily", "announce", "team", "plan", "help")
SPEAKS_FOR_ITSELF = (Actor.PERSON, Actor.GUARDIAN, Actor.HELPER)
BODIES = {AgencyKind.PRISON, AgencyKind.DETENTION_CENTRE}


@dataclass
class Roster:
    """The same answers as `cases.actors`, from memory; a test compares them."""

    organs: Organs
    delegated_offices: set[UUID] = field(default_factory=set)
    _of: dict[UUID, Officer] = field(default_factory=dict)
    _near: dict[tuple[str, str], Agency] = field(default_factory=dict)

    def __post_init__(self) -> None:
        organs = self.organs
        for officer in organs.officers.values():
            assert officer.agency_id is not None
            self._of.setdefault(officer.agency_id, officer)
        for code, clerk in organs.clerks.items():
            assert clerk.agency_id is not None
            self._of[clerk.agency_id] = clerk
            for kind in (AgencyKind.POLICE, AgencyKind.PROCURATORATE, AgencyKind.COURT):
                self._near[kind, code] = next(
                    one for one in organs.agencies.values() if (one.kind, one.area_code) == (kind, code)
                )
        city = organs.officers["shiju"]
        assert city.agency_id is not None
        self._of[city.agency_id] = city

    def delegate(self, today: date) -> list[Delegation]:
        """Return the written delegations: 趵突泉 and every second office have all matters, 姚家 has none."""
        made = []
        for county in COUNTIES:
            for place, office in enumerate(self.organs.offices[county.code]):
                if place % 2 or office.name == NOT_DELEGATED:
                    continue
                self.delegated_offices.add(office.id)
                made += [self._delegation(county.short, office, matter, today) for matter in MATTERS]
        return made

    def _delegation(self, short: str, office: Agency, matter: str, today: date) -> Delegation:
        clerk = self.organs.clerks[office.area_code]
        since = today - timedelta(days=5 * 365)
        return Delegation(
            agency=clerk.agency,
            office=office,
            matter=matter,
            document_no=f"{short}司委〔{since.year}〕演示{MATTERS.index(matter) + 1}号",
            valid_from=since,
            by=clerk,
        )

    def is_delegated(self, office: Agency | None) -> bool:
        """Whether the county left its matters to this office."""
        return office is not None and office.id in self.delegated_offices

    def of_agency(self, agency: Agency | None) -> Officer | None:
        """Return the officer who answers for an agency."""
        return self._of.get(agency.id) if agency else None

    def near(self, kind: AgencyKind, code: str) -> Agency:
        """Return the police, procuratorate or court of a county."""
        return self._near[kind, code]

    def agency(self, actor: Actor, person: Person, order: Order, run: Proceeding | None) -> Agency | None:  # noqa: C901, PLR0911 (one line an actor)
        """Return the agency that answers for an actor (as `cases.actors.agency_of`)."""
        match actor:
            case Actor.OFFICE:
                return person.office or person.county_agency
            case Actor.COUNTY | Actor.HEAD:
                return person.county_agency
            case Actor.NEW_COUNTY:
                return run.other_agency if run else None
            case Actor.DECIDER:
                return order.decided_by
            case Actor.COURT:
                decider = order.decided_by
                is_court = decider.kind == AgencyKind.COURT
                return decider if is_court else self.near(AgencyKind.COURT, person.county_code)
            case Actor.HIGHER:
                return person.county_agency.parent
            case Actor.PROVINCE:
                return person.county_agency.parent
            case Actor.POLICE | Actor.EXIT_ENTRY:
                return self.near(AgencyKind.POLICE, person.county_code)
            case Actor.PROCURATORATE:
                return self.near(AgencyKind.PROCURATORATE, person.county_code)
            case Actor.CUSTODY:
                return order.decided_by if order.decided_by.kind in BODIES else None
            case _:
                return None

    def officer(self, row: Step, person: Person, order: Order, run: Proceeding) -> Officer | None:
        """Return who takes a row; None is the clock. What a person does on paper, an officer writes down."""
        actor, code = row.actor, person.county_code
        if actor is Actor.CLOCK:
            return None
        if actor is Actor.HEAD:
            return self.organs.heads[code]
        writes = actor in SPEAKS_FOR_ITSELF or actor is Actor.OFFICE
        if writes or (actor is Actor.COUNTY and row.delegable and self.is_delegated(person.office)):
            return self.of_agency(person.office or person.county_agency)
        if actor is Actor.CUSTODY and order.decided_by.kind not in BODIES:
            return self.organs.officers["custody-370100"]
        found = self.of_agency(self.agency(actor, person, order, run))
        assert found is not None, (actor, person.number)
        return found
