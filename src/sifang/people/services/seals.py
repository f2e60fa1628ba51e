"""Seal the record of a minor after the end, and open it on a lawful query (刑事诉讼法286条; E14)."""

from datetime import date, datetime, timedelta

from django.db import transaction

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.events import publish
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.people.errors import NotSealable
from sifang.people.events import RecordSealed
from sifang.people.models import (
    Agency,
    Officer,
    Order,
    OrderType,
    Person,
    Role,
    Sealing,
    Unsealing,
    UnsealingGround,
    active_roles,
)
from sifang.people.services.orders import need_county_officer

SEALED_UP_TO_MONTHS = 60  # 五年有期徒刑以下
OPEN_AT_MOST = timedelta(days=30)  # our reading: the law gives no number
SHORT_BY_LAW = {OrderType.CONTROL, OrderType.PROBATION}  # 管制; 缓刑 only up to three years (刑法72条)


def seal_person(by: Officer, person: Person, *, on: date | None = None) -> Sealing:
    """Seal the record of who was a minor, sentenced to five years or less, once no order runs on day `on`.

    `on`: legal day, None = today, the first after the last term at the earliest. From then on row security
    hides the person, the orders and the course from everybody. Run inside `acting` of the county agency.
    Raises NotFound, BeyondPower, NotSealable.
    """
    need_county_officer(by, person.county_agency)
    day = on or legal_day(utc_now())
    orders = list(Order.objects.filter(person=person, received_on__isnull=False))
    if not person.is_minor or not orders:
        raise NotSealable(reason="不是犯罪时不满十八周岁的人")
    for order in orders:
        _check_sealable(order, day)
    with transaction.atomic():
        sealed = Sealing.objects.create(
            person=person, number=person.number, sealed_on=day, agency=person.county_agency, officer=by
        )
        record("record_sealed", {"person": str(person.id), "on": day.isoformat(), "by": str(by.id)})
        publish(RecordSealed(person=person.id))
    return sealed


def _check_sealable(order: Order, day: date) -> None:
    has_ended = order.term_end < day or (order.ended_at is not None and legal_day(order.ended_at) <= day)
    if not has_ended:
        raise NotSealable(reason="矫正期尚未结束")
    if order.sentence_months is None and order.type not in SHORT_BY_LAW:
        raise NotSealable(reason="没有登记判处的刑期")
    if (order.sentence_months or 0) > SEALED_UP_TO_MONTHS:
        raise NotSealable(reason="判处的刑罚超过五年有期徒刑")


def unseal(
    by: Officer,
    number: str,
    ground: UnsealingGround,
    *,
    inquirer: str,
    document_no: str,
    until: datetime,
    agency: Agency | None = None,
) -> Unsealing:
    """Open a sealed record for one agency (None: the own) until an instant, at most thirty days on.

    It is then read under `Purpose.SEALED` only, each read recorded. Run inside `acting` of an officer or
    the head of the county agency that sealed it. Raises NotFound for any other, BeyondPower, BadInput.
    """
    if not active_roles(by, utc_now()) & {Role.COUNTY_OFFICER, Role.JUSTICE_HEAD} or by.agency is None:
        raise BeyondPower(owner="保管封存记录的县级社区矫正机构", article="刑事诉讼法286条")
    sealed = Sealing.objects.filter(number=number, agency=by.agency).first()
    if sealed is None:
        raise NotFound
    now = utc_now()
    if not inquirer.strip() or not document_no.strip():
        raise BadInput(reason="查询须写明单位和文书号")
    if not now < until <= now + OPEN_AT_MOST:
        raise BadInput(reason="一次查询最长三十日")
    with transaction.atomic():
        opened = Unsealing.objects.create(
            person_id=sealed.person_id,
            agency=agency or by.agency,
            ground=ground,
            inquirer=inquirer.strip(),
            document_no=document_no.strip(),
            valid_until=until,
            officer=by,
            at=now,
        )
        record(
            "record_unsealed",
            {
                "unsealing": str(opened.id),
                "person": str(sealed.person_id),
                "agency": str(opened.agency_id),
                "ground": str(ground),
                "until": until.isoformat(),
                "by": str(by.id),
            },
        )
    return opened
