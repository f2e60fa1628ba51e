"""What acts do to measures, clauses, fences and devices, within the act's own transaction (E2, E3, E5).

An act that grants opens, one that ends closes, in the same instant: nothing here waits for a receipt, and if
a change is refused, the act is refused with it. The clock's steps come through here as well (role jobs).
"""

from collections.abc import Callable

from sifang.cases.events import ActDone
from sifang.cases.models import Act
from sifang.kernel.events import within
from sifang.monitoring.events import BoundaryAdded
from sifang.monitoring.models import Clause
from sifang.monitoring.services import away, moved, positioning
from sifang.monitoring.services.measures import end_with_order
from sifang.people.events import OrderEnded
from sifang.people.models import Order


@within(ActDone)
def change_monitoring(done: ActDone) -> None:
    """Carry an act into measures and fences."""
    change = CHANGES.get((done.procedure, done.step))
    if change is not None:
        change(
            Act.objects.select_related(
                "proceeding",
                "case__person__county_agency",
                "case__person__office",
                "case__order__person__county_agency",
            ).get(id=done.act)
        )


@within(BoundaryAdded)
def let_those_away_be_away(added: BoundaryAdded) -> None:
    """A boundary that is written down while a leave stands does not bind before its end."""
    away.carry_over(Clause.objects.get(id=added.clause))


@within(OrderEnded)
def end_the_measures(ended: OrderEnded) -> None:
    """社区矫正法44条: with the order its measures have ended; devices come off and the ledger says so."""
    end_with_order(Order.objects.get(id=ended.order))


CHANGES: dict[tuple[str, str], Callable[[Act], object]] = {
    ("leave", "approve"): away.leave_granted,
    ("leave", "confirm_return"): away.returned,
    ("leave", "cancel"): away.closed,
    ("leave", "order_back"): away.closed,
    ("frequent", "approve"): away.frequent_granted,
    ("frequent", "end"): away.closed,
    ("frequent", "give_up"): away.closed,
    ("prohibition", "approve"): away.entry_granted,
    ("prohibition", "withdraw"): away.closed,
    ("prohibition", "report_back"): away.closed,
    ("positioning", "approve"): positioning.approved,
    ("positioning", "extend"): positioning.extended,
    ("positioning", "tell"): positioning.told,
    ("positioning", "tell_unsigned"): positioning.told,
    ("positioning", "fit"): positioning.fitted,
    ("positioning", "replace_device"): positioning.replaced,
    ("positioning", "end"): positioning.ended,
    ("positioning", "expire"): positioning.expired,
    ("positioning", "remove"): positioning.removed,
    ("move", "register"): moved.registered,
    ("ending", "expire"): positioning.course_over,
}
