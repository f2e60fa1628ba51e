"""Who reports before any paper has come is registered all the same, and the course begins (办法16条2款)."""

from sifang.cases.effects import start_course
from sifang.cases.models import Case, Stage
from sifang.cases.services import open_case
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer
from sifang.people.rules import OrderPaper
from sifang.people.services import PersonFacts, register_person


def register_without_papers(officer: Officer, facts: PersonFacts, paper: OrderPaper) -> Case:
    """Register who came without papers, on what is known of the order; return the case, not yet received.

    Reporting in, checking who it is and reception follow as acts; the deciding body is asked to complete the
    papers. Raises NotFound for another county, BeyondPower, what `register_person` raises.
    """
    with acting(officer, Purpose.RECEPTION):
        order = register_person(officer, facts, paper, papers_pending=True)
        case = open_case(order, stage=Stage.HANDOVER)
        start_course(case)
    return case
