"""The persons of the demonstration with their orders and cases: in the register as taken over, in bulk.

The first ones are those who will be tracked; 张三 is the very first and stands as the mock-up shows him.
All days are relative to the day of seeding.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sifang.cases.models import Case
from sifang.law.time import day_begins, months_later
from sifang.ledger.services import record
from sifang.ops.demo.agencies import COUNTIES, County, Organs
from sifang.ops.demo.names import invented
from sifang.people.models import Agency, Order, OrderType, Person, Share, ShareMatter
from sifang.people.names import search_keys

ZHANGSAN = "历下-2026-0417"
PROHIBITION = "判决主文第三项：禁止进入酒吧、歌舞厅等娱乐场所；禁止在22时至次日6时外出参与夜间经营活动"
TYPES = [OrderType.PROBATION, OrderType.PAROLE, OrderType.OUTSIDE_PRISON, OrderType.CONTROL]
WEIGHTS = [86, 7, 4, 3]
MAX_PROHIBITION = 0.12  # share of 管制 and 缓刑 with a prohibition
GROUNDS = (1, 2, 1, 3, 1, 4, 2, 3)  # of 社区矫正法29条, in turn
PROHIBITION_GROUND, PENALTY_GROUND = 1, 4
BATCH = 1_000


@dataclass
class Entry:
    """One person with order and case, and the ground if he or she is to be tracked."""

    person: Person
    order: Order
    case: Case
    county: County
    ground: int | None


def take_over(organs: Organs, today: date, persons: int, tracked: int, chance: random.Random) -> list[Entry]:
    """Make so many persons, the first `tracked` of them fit for a measure; write them in bulk."""
    entries = list(_entries(organs, today, persons, tracked, chance))
    Person.objects.bulk_create((one.person for one in entries), batch_size=BATCH)
    Order.objects.bulk_create((one.order for one in entries), batch_size=BATCH)
    Case.objects.bulk_create((one.case for one in entries), batch_size=BATCH)
    Share.objects.bulk_create((_decided(one) for one in entries), batch_size=BATCH)
    ids = "\n".join(sorted(f"{one.person.id} {one.order.id}" for one in entries))
    digest = hashlib.sha256(ids.encode()).hexdigest()
    record("register_taken_over", {"persons": len(entries), "digest": digest})
    return entries


def _entries(
    organs: Organs, today: date, persons: int, tracked: int, chance: random.Random
) -> Iterator[Entry]:
    numbers: Counter[tuple[str, int]] = Counter()
    if persons:
        yield _zhangsan(organs, today, is_tracked=tracked > 0)
    counties = [*_counties_of_tracked(tracked - 1), *chance.choices(COUNTIES, _shares(), k=persons)]
    for index in range(1, persons):
        is_tracked = index < tracked
        ground = GROUNDS[index % len(GROUNDS)] if is_tracked else None
        county = counties[index - 1]
        yield _entry(organs, today, index, county=county, ground=ground, numbers=numbers, chance=chance)


def _decided(entry: Entry) -> Share:
    """The body that decided sees its own order, as after any registration."""
    return Share(
        person=entry.person,
        agency=entry.order.decided_by,
        matter=ShareMatter.DECIDED,
        article="社区矫正法20条",
        valid_from=entry.case.opened_at,
        given_by=entry.person.county_agency,
    )


def _shares() -> list[int]:
    return [county.weight for county in COUNTIES]


def _counties_of_tracked(count: int) -> Iterator[County]:
    """The tracked are spread over all counties in proportion, each county early on."""
    taken: Counter[str] = Counter()
    for _ in range(max(count, 0)):
        county = min(COUNTIES, key=lambda one: (taken[one.code] + 0.5) / one.weight)
        taken[county.code] += 1
        yield county


def _zhangsan(organs: Organs, today: date, *, is_tracked: bool) -> Entry:
    county = COUNTIES[0]
    start = today - timedelta(days=132)
    paper = Order(
        type=OrderType.PROBATION,
        decided_by=organs.court(county),
        document_no=f"（{start.year}）鲁0102刑初000号",
        document_date=start - timedelta(days=11),
        effective_on=start,
        term_start=start,
        term_end=months_later(start, 12) - timedelta(days=1),
        prohibition=PROHIBITION,
        prohibition_until=months_later(start, 6) - timedelta(days=1),
    )
    office = organs.agencies["趵突泉司法所"]
    person = _person(
        organs, ZHANGSAN, "张三", sex="m", born=date(1991, 5, 6), county=county, office=office, door=12
    )
    return _joined(person, paper, county, PROHIBITION_GROUND if is_tracked else None)


def _entry(
    organs: Organs,
    today: date,
    index: int,
    *,
    county: County,
    ground: int | None,
    numbers: Counter[tuple[str, int]],
    chance: random.Random,
) -> Entry:
    paper = _paper(organs, today, county, ground, chance)
    office = chance.choice(organs.offices[county.code])
    born = today - timedelta(days=chance.randint(19 * 365, 68 * 365))
    number = _number(county, paper.effective_on.year, numbers)
    sex = "f" if chance.random() < 0.17 else "m"  # noqa: PLR2004 (share)
    person = _person(
        organs,
        number,
        invented(index),
        sex=sex,
        born=born,
        county=county,
        office=office,
        door=chance.randint(1, 90),
    )
    paper.document_no = f"（{paper.document_date.year}）鲁{county.code[2:]}刑{index:05}号（演示）"
    return _joined(person, paper, county, ground)


def _number(county: County, year: int, numbers: Counter[tuple[str, int]]) -> str:
    numbers[county.short, year] += 1
    number = f"{county.short}-{year}-{numbers[county.short, year]:04}"
    return number if number != ZHANGSAN else _number(county, year, numbers)


def _paper(organs: Organs, today: date, county: County, ground: int | None, chance: random.Random) -> Order:
    kind = chance.choices(TYPES, WEIGHTS)[0]
    if ground == PROHIBITION_GROUND and kind not in {OrderType.PROBATION, OrderType.CONTROL}:
        kind = OrderType.PROBATION
    if ground == PENALTY_GROUND and kind is OrderType.PAROLE:
        kind = OrderType.PROBATION
    years = chance.choice([1, 2, 2, 3, 3, 4, 5]) if kind is not OrderType.CONTROL else chance.choice([1, 2])
    length = years * 365
    first, last = 5, length - 20
    if ground is not None:  # a measure of three months must find room on both sides of today
        first, last = 100, length - 150
    start = today - timedelta(days=chance.randint(first, last))
    end = months_later(start, 12 * years) - timedelta(days=1)
    order = Order(
        type=kind,
        decided_by=_decider(organs, county, kind, chance),
        document_date=start - timedelta(days=chance.randint(3, 15)),
        effective_on=start,
        term_start=start,
        term_end=end,
    )
    may = kind in {OrderType.PROBATION, OrderType.CONTROL}
    if ground == PROHIBITION_GROUND or (may and chance.random() < MAX_PROHIBITION):
        order.prohibition, order.prohibition_until = PROHIBITION, end
    return order


def _decider(organs: Organs, county: County, kind: OrderType, chance: random.Random) -> Agency:
    if kind is OrderType.PAROLE:
        return organs.agencies["济南市中级人民法院"]
    if kind is OrderType.OUTSIDE_PRISON and chance.random() < 0.5:  # noqa: PLR2004 (half)
        return organs.agencies["山东省监狱管理局"]
    return organs.court(county)


def _person(
    organs: Organs,
    number: str,
    name: str,
    *,
    sex: str,
    born: date,
    county: County,
    office: Agency,
    door: int,
) -> Person:
    place = office.name.removesuffix("司法所")
    keys = search_keys(name)
    return Person(
        number=number,
        name=name,
        pinyin=keys.pinyin,
        initials=keys.initials,
        sex=sex,
        birth_date=born,
        phone=f"100-0000-{number[-4:]}",  # no such number can exist: mobile numbers begin 13 to 19
        address=f"济南市{county.name}{place}（演示地址）{door}号",
        county_code=county.code,
        county_agency=organs.bureau(county),
        office=office,
    )


def _joined(person: Person, order: Order, county: County, ground: int | None) -> Entry:
    order.person = person
    order.received_on = order.effective_on
    opened = day_begins(order.effective_on + timedelta(days=4)) + timedelta(hours=10)
    case = Case(person=person, order=order, opened_at=opened)
    return Entry(person, order, case, county, ground)
