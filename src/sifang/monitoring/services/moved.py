"""变更执行地: with the new county's registration another boundary binds, without a moment between (E17).

Measures go on: the approval was given by the head of the county that was then responsible, and no article
asks for it again (我方理解 of 社区矫正法29条); its extension belongs to the head of the new county.
"""

from datetime import timedelta

from sifang.cases.models import Act
from sifang.cases.services import expect
from sifang.monitoring import boundaries
from sifang.monitoring.models import Clause, ClauseKind
from sifang.monitoring.services.clauses import add_boundary_clause, compile_fences
from sifang.monitoring.services.measures import live

TELL_WITHIN = timedelta(hours=24)  # 内部目标


def registered(act: Act) -> None:
    """The old boundary ends and the new one begins in the instant of the act; the person has to be told.

    Within one area (the districts of a city) nothing changes. Whoever had no clause gets none: a boundary is
    written down with a measure.
    """
    assert act.officer is not None
    order = act.case.order
    area = boundaries.area_of(order.person.county_code)
    standing = Clause.objects.filter(order=order, kind=ClauseKind.BOUNDARY).exclude(valid_to__lte=act.at)
    if not standing.exclude(area_code=area).exists():
        return
    standing.exclude(area_code=area).update(valid_to=act.at)
    if standing.filter(area_code=area).exists():
        return
    clause = add_boundary_clause(act.officer, order, valid_from=act.at)
    for measure in order.measures.filter(live(act.at)):
        compile_fences(act.officer, measure)
    expect(
        "clause_told",
        owner=order.person.county_agency,
        subject_kind="clause",
        subject_id=clause.id,
        article="办法37条",
        due_at=act.at + TELL_WITHIN,
        due_kind="target",
        case=act.case,
    )
