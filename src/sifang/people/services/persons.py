"""Who a person is: written with its search keys, changed by the justice side, guardians, moving (E17)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import transaction

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.events import PersonMoved
from sifang.people.models import (
    Agency,
    AgencyKind,
    Alias,
    Guardian,
    Officer,
    Person,
    Role,
    Share,
    ShareMatter,
    active_roles,
)
from sifang.people.names import is_id_number, search_keys
from sifang.people.rules import OrderPaper, is_minor_on

OLD_COUNTY_SEES = timedelta(days=30)  # our reading: while papers and receipts of the move are under way
CHANGES = ("phone", "address", "occupation", "nationality", "id_number")


@dataclass(frozen=True)
class PersonFacts:
    """Who the person is and where the order is executed; the number is the agency's own.

    `is_minor`: under eighteen at the offence or at the order; None = by the day the order takes effect.
    """

    number: str
    name: str
    sex: str
    birth_date: date
    county_agency: Agency
    office: Agency | None = None
    phone: str = ""
    address: str = ""
    id_number: str = ""
    occupation: str = ""
    nationality: str = "中国"
    is_minor: bool | None = None
    aliases: tuple[str, ...] = ()


def columns(facts: object) -> dict[str, object]:
    """Return the fields of a frozen dataclass by name."""
    return {name: getattr(facts, name) for name in getattr(facts, "__dataclass_fields__", ())}


def make_person(facts: PersonFacts, paper: OrderPaper, *, entered_by: Agency | None = None) -> Person:
    """Write a person with the search keys, in the transaction that writes the order. Raises BadInput."""
    _check_id_number(facts.id_number)
    minor = (
        facts.is_minor if facts.is_minor is not None else is_minor_on(facts.birth_date, paper.effective_on)
    )
    kept = columns(replace(facts, is_minor=minor, id_number=facts.id_number.upper()))
    aliases = kept.pop("aliases")
    assert isinstance(aliases, tuple)
    person = Person(
        county_code=facts.county_agency.area_code, entered_by=entered_by, **kept, **_keys(facts.name)
    )
    person.save(force_insert=True)
    if entered_by is None:
        for name in aliases:
            Alias.objects.create(person=person, name=name, **_keys(name))
    return person


def change_person(by: Officer, person: Person, **changes: str) -> Person:
    """Change what may change: phone, address, occupation, nationality, id_number. Leaves a ledger row.

    Run inside `acting` of the county agency or the person's justice office. Raises NotFound, BeyondPower,
    BadInput.
    """
    _need_keeper(by, person)
    wrong = set(changes) - set(CHANGES)
    if wrong:
        raise BadInput(reason="只能变更联系电话、住址、职业、国籍和公民身份号码")
    _check_id_number(changes.get("id_number", ""))
    with transaction.atomic():
        for name, value in changes.items():
            setattr(person, name, value.strip())
        person.save(update_fields=list(changes))
        record("person_changed", {"person": str(person.id), "what": sorted(changes), "by": str(by.id)})
    return person


def add_alias(by: Officer, person: Person, name: str) -> Alias:
    """Note another name the person uses. Raises NotFound, BeyondPower, BadInput."""
    _need_keeper(by, person)
    if not name.strip():
        raise BadInput(reason="别名不能为空")
    return Alias.objects.get_or_create(person=person, name=name.strip(), defaults=_keys(name.strip()))[0]


def add_guardian(by: Officer, person: Person, name: str, relation: str, phone: str = "") -> Guardian:
    """Note a guardian of a minor (社区矫正法53条). Raises NotFound, BeyondPower, BadInput."""
    _need_keeper(by, person)
    if not name.strip() or not relation.strip():
        raise BadInput(reason="监护人的姓名和关系不能为空")
    with transaction.atomic():
        one = Guardian.objects.create(
            person=person, name=name.strip(), relation=relation.strip(), phone=phone.strip()
        )
        record("guardian_added", {"guardian": str(one.id), "person": str(person.id), "by": str(by.id)})
    return one


def tell_guardian(by: Officer, guardian: Guardian, on: date) -> Guardian:
    """Note the legal day on which a guardian was told of the duties. Raises NotFound, BeyondPower."""
    _need_keeper(by, guardian.person)
    with transaction.atomic():
        guardian.told_on = on
        guardian.save(update_fields=["told_on"])
        record("guardian_told", {"guardian": str(guardian.id), "on": on.isoformat(), "by": str(by.id)})
    return guardian


def move_person(by: Officer, person: Person, county: Agency, office: Agency | None = None) -> Person:
    """Register at the new county that the person has arrived: from this statement on it is responsible.

    Until then the old county is (M31, no gap). Run inside `acting` of an officer of the new county, to whom
    the person is shared for the move; the old county keeps sight for thirty days, for papers and receipts.
    Raises NotFound, BeyondPower, BadInput.
    """
    if not Person.objects.filter(id=person.id).exists():
        raise NotFound
    examined = Share.objects.filter(person=person, agency=county, matter=ShareMatter.MOVE)
    now = utc_now()
    running = [
        one for one in examined if one.valid_from <= now and not (one.valid_to and one.valid_to <= now)
    ]
    is_county = by.agency_id == county.id and Role.COUNTY_OFFICER in active_roles(by, now)
    if not is_county or not running:
        raise BeyondPower(owner=county.name, article="办法31条")
    if office is not None and office.parent_id != county.id:
        raise BadInput(reason="司法所不属于新执行地")
    old = person.county_agency
    with transaction.atomic():
        person.county_code, person.county_agency, person.office = county.area_code, county, office
        person.save(update_fields=["county_code", "county_agency", "office"])
        Share.objects.filter(id__in=[one.id for one in running]).update(valid_to=now)
        if old.kind == AgencyKind.JUSTICE_BUREAU and old.id != county.id:
            Share.objects.create(
                person=person,
                agency=old,
                matter=ShareMatter.HANDED_ON,
                article="办法31条",
                valid_from=now,
                valid_to=now + OLD_COUNTY_SEES,
                given_by=county,
                by=by,
            )
        record(
            "person_moved",
            {"person": str(person.id), "from": str(old.id), "to": str(county.id), "by": str(by.id)},
        )
        publish(PersonMoved(person=person.id, from_county=old.id, to_county=county.id))
    return person


def _keys(name: str) -> dict[str, str]:
    found = search_keys(name)
    return {"pinyin": found.pinyin, "initials": found.initials}


def _check_id_number(text: str) -> None:
    if text and not is_id_number(text):
        raise BadInput(reason="公民身份号码的校验码不对")


def _need_keeper(by: Officer, person: Person) -> None:
    """The county agency or the person's justice office keep the file (社区矫正法22条)."""
    if not Person.objects.filter(id=person.id).exists():
        raise NotFound
    keepers = {person.county_agency_id: Role.COUNTY_OFFICER, person.office_id: Role.TOWNSHIP_OFFICER}
    role = keepers.get(by.agency_id) if by.agency_id else None
    if role not in active_roles(by, utc_now()):
        raise BeyondPower(owner=person.county_agency.name, article="社区矫正法22条")
