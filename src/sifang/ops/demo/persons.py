"""The persons of the demonstration with their orders and cases: who they are and how their course goes.

The first ones are those who will be tracked; 张三 is the very first and stands as the mock-up shows him. Then
come those of whom a demonstration officer has something to do, then everybody else, and last those whose
course ended within the year. All days are relative to the day of seeding.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sifang.cases.models import Case, Stage
from sifang.law.time import day_begins, months_later
from sifang.ops.demo.agencies import COUNTIES, County, Organs
from sifang.ops.demo.names import invented
from sifang.ops.demo.plans import Fate
from sifang.ops.demo.specials import SPECIALS
from sifang.people.models import Agency, Order, OrderType, Person
from sifang.people.names import search_keys

ZHANGSAN = "历下-2026-0417"
PROHIBITION = "判决主文第三项：禁止进入酒吧、歌舞厅等娱乐场所；禁止在22时至次日6时外出参与夜间经营活动"
TYPES = [OrderType.PROBATION, OrderType.PAROLE, OrderType.OUTSIDE_PRISON, OrderType.CONTROL]
WEIGHTS = [86, 7, 4, 3]
MAX_PROHIBITION = 0.12  # share of 管制 and 缓刑 with a prohibition
GROUNDS = (1, 2, 1, 3, 1, 4, 2, 3)  # of 社区矫正法29条, in turn
PROHIBITION_GROUND, PENALTY_GROUND = 1, 4
IN_THE_YEAR, OPEN_AT_THE_END = 6_056, 3_292  # so many a year in this city; the share holds for any number
FRESH, MINORS = 0.02, 0.03  # shares: judged within the last days; minors
YOUNGEST, ADULT = 16, 18
BATCH = 1_000
LEAVE_EVERY = 13  # each so-manieth of the tracked is away


@dataclass
class Entry:
    """One person with order and case, how the course goes, and the ground if he or she is to be tracked."""

    person: Person
    order: Order
    case: Case
    county: County
    ground: int | None = None
    special: str = ""
    fate: Fate = field(default_factory=Fate)
    approved_on: date | None = None
    has_leave: bool = False
    terminal_id: str = ""


def people(organs: Organs, today: date, persons: int, tracked: int, chance: random.Random) -> list[Entry]:
    """Return so many persons with a running course, the first `tracked` fit for a measure; and the ended."""
    return list(_entries(organs, today, persons, tracked, chance))


def take_over(organs: Organs, today: date, persons: int, tracked: int, chance: random.Random) -> list[Entry]:
    """Write so many persons into the register without any course; the first `tracked` fit for a measure.

    For loads and faults, which need persons and orders only.
    """
    entries = people(organs, today, persons, tracked, chance)[:persons]
    for one in entries:
        one.order.received_on = one.order.effective_on
        one.case.stage = Stage.SUPERVISED
    Person.objects.bulk_create((one.person for one in entries), batch_size=BATCH)
    Order.objects.bulk_create((one.order for one in entries), batch_size=BATCH)
    Case.objects.bulk_create((one.case for one in entries), batch_size=BATCH)
    return entries


def terminal_id(index: int) -> str:
    """Return the number of the device of the tracked person with this index (from 0)."""
    return f"1390000{index + 1:05}"


def in_the_year(persons: int) -> int:
    """Return how many were under management in the year when so many are at its end."""
    return round(persons * IN_THE_YEAR / OPEN_AT_THE_END)


def _entries(
    organs: Organs, today: date, persons: int, tracked: int, chance: random.Random
) -> Iterator[Entry]:
    numbers: Counter[tuple[str, int]] = Counter()
    if persons:
        yield _zhangsan(organs, today, is_tracked=tracked > 0)
    everybody = in_the_year(persons)
    counties = [*_counties_of_tracked(tracked - 1), *chance.choices(COUNTIES, _shares(), k=everybody)]
    specials = iter(SPECIALS if persons - tracked > len(SPECIALS) else ())
    for index in range(1, everybody):
        make = _Maker(organs, today, index, counties[index - 1], numbers, chance)
        if index < tracked:
            yield make.entry(ground=GROUNDS[index % len(GROUNDS)])
        elif index >= persons:
            yield make.entry(fate=_fate(today, chance))
        else:
            yield make.entry(special=next(specials, ""))


def _fate(today: date, chance: random.Random) -> Fate:
    how = chance.choices(["released", "early", "died"], [93, 5, 2])[0]
    return Fate(how, today - timedelta(days=chance.randint(1, 364)))


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
    made = _joined(person, paper, county, PROHIBITION_GROUND if is_tracked else None)
    made.special, made.approved_on = "zhangsan", today - timedelta(days=46)
    made.terminal_id = terminal_id(0)
    return made


@dataclass
class _Maker:
    """Makes the person with one index; of the same city and chance as all others."""

    organs: Organs
    today: date
    index: int
    county: County
    numbers: Counter[tuple[str, int]]
    chance: random.Random

    def entry(self, *, ground: int | None = None, special: str = "", fate: Fate | None = None) -> Entry:
        """Return person, order and case."""
        if special:
            self.county = COUNTIES[0]
        paper = self._paper(ground, special, fate)
        offices = self.organs.offices[self.county.code]
        office = self.organs.agencies["趵突泉司法所"] if special else self.chance.choice(offices)
        is_minor = ground is None and not special and fate is None and self.chance.random() < MINORS
        years = self.chance.uniform(YOUNGEST, ADULT - 0.2) if is_minor else self.chance.uniform(19, 68)
        born = paper.effective_on - timedelta(days=int(years * 365.25))
        person = _person(
            self.organs,
            _number(self.county, paper.effective_on.year, self.numbers),
            invented(self.index),
            sex="f" if self.chance.random() < 0.17 else "m",
            born=born,
            county=self.county,
            office=office,
            door=self.chance.randint(1, 90),
        )
        person.is_minor = is_minor
        health = self.chance.random() < 0.7 and paper.type == OrderType.OUTSIDE_PRISON
        more = "，保外就医" if health else ""
        code = self.county.code[2:]
        paper.document_no = f"（{paper.document_date.year}）鲁{code}刑{self.index:05}号（演示{more}）"
        made = _joined(person, paper, self.county, ground)
        made.special, made.fate = special, fate or Fate()
        if ground is not None:
            self._measured(made)
        return made

    def _measured(self, made: Entry) -> None:
        """When the measure was approved, and who of the tracked is away."""
        made.terminal_id = terminal_id(self.index)
        made.approved_on = self.today - timedelta(days=self.chance.randint(2, 44))
        made.has_leave = self.index % LEAVE_EVERY == LEAVE_EVERY - 1

    def _paper(self, ground: int | None, special: str, fate: Fate | None) -> Order:
        kind = self.chance.choices(TYPES, WEIGHTS)[0]
        is_plain = special not in {"", "transfer_due"}
        if is_plain or (
            ground == PROHIBITION_GROUND and kind not in {OrderType.PROBATION, OrderType.CONTROL}
        ):
            kind = OrderType.PROBATION
        if (ground == PENALTY_GROUND and kind is OrderType.PAROLE) or special == "withdrawal_forgotten":
            kind = OrderType.PROBATION
        if special == "transfer_due":
            kind = OrderType.OUTSIDE_PRISON
        start, end = self._term(kind, ground, special, fate)
        order = Order(
            type=kind,
            decided_by=self._decided_by(kind, special),
            document_date=start - timedelta(days=self.chance.randint(3, 15)),
            effective_on=start,
            term_start=start,
            term_end=end,
        )
        may = kind in {OrderType.PROBATION, OrderType.CONTROL}
        if ground == PROHIBITION_GROUND or (may and self.chance.random() < MAX_PROHIBITION):
            order.prohibition, order.prohibition_until = PROHIBITION, end
        return order

    def _decided_by(self, kind: OrderType, special: str) -> Agency:
        if special == "transfer_due":
            return self.organs.agencies["山东省监狱管理局"]
        return _decider(self.organs, self.county, kind, self.chance)

    def _term(
        self, kind: OrderType, ground: int | None, special: str, fate: Fate | None
    ) -> tuple[date, date]:
        chance, today = self.chance, self.today
        if fate is not None:
            assert fate.ended_on is not None
            months = chance.choice([6, 6, 8, 8, 10, 12, 12, 18])
            if fate.ended == "released":
                return _before(fate.ended_on, months), fate.ended_on
            start = fate.ended_on - timedelta(days=chance.randint(60, 240))
            return start, months_later(start, 24) - timedelta(days=1)
        if special in SPECIALS and SPECIALS[special] is not None:
            start = today - timedelta(days=SPECIALS[special] or 0)
            return start, months_later(start, 12) - timedelta(days=1)
        if special in {"release_today", "withdrawal_forgotten"}:
            last = today - timedelta(days=2 * (special != "release_today"))
            return _before(last, 12), last
        if special == "" and ground is None and chance.random() < FRESH:
            start = today - timedelta(days=chance.randint(1, 10))
            return start, months_later(start, 24) - timedelta(days=1)
        years = chance.choice([1, 1, 1, 2, 2, 3]) if kind is not OrderType.CONTROL else chance.choice([1, 2])
        length = years * 365
        first, last_day = 20, min(length - 4, 380)
        if ground is not None:  # a measure of three months must find room on both sides of today
            first, last_day = 130, max(length - 150, 180)
        if special:
            first, last_day = 120, 240
        start = today - timedelta(days=chance.randint(first, last_day))
        return start, months_later(start, 12 * years) - timedelta(days=1)


def _before(last: date, months: int) -> date:
    """Return the first day of a term of so many months that ends on `last`."""
    return months_later(last + timedelta(days=1), -months)


def _number(county: County, year: int, numbers: Counter[tuple[str, int]]) -> str:
    numbers[county.short, year] += 1
    number = f"{county.short}-{year}-{numbers[county.short, year]:04}"
    return number if number != ZHANGSAN else _number(county, year, numbers)


def _decider(organs: Organs, county: County, kind: OrderType, chance: random.Random) -> Agency:
    if kind is OrderType.PAROLE:
        return organs.agencies["济南市中级人民法院"]
    if kind is OrderType.OUTSIDE_PRISON and chance.random() < 0.5:
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
    opened = day_begins(order.effective_on) + timedelta(hours=8)
    case = Case(person=person, order=order, stage=Stage.HANDOVER, opened_at=opened)
    return Entry(person, order, case, county, ground)
