"""Shows the documents of a step before it is taken. Issued they are by `issue`, in the act's transaction."""

from uuid import UUID

from django.db import transaction

from sifang.cases.acts import Wish, purpose_of, take
from sifang.cases.documents.issue import access_document, delegation_letter, rendered_again, withheld
from sifang.cases.documents.render import render
from sifang.people.access import acting
from sifang.people.models import Officer

__all__ = ["access_document", "delegation_letter", "preview", "rendered_again", "withheld"]


def preview(officer: Officer, case_id: UUID, wish: Wish) -> list[tuple[str, bytes]]:
    """Return (kind, PDF marked as a preview) of each document that this step would issue.

    The step is really taken and then taken back, so that a preview cannot differ from the document: all
    refusals of the step come here too, and nothing remains, not even a number.
    """
    drafts: list[tuple[str, bytes]] = []
    with transaction.atomic():
        act = take(officer, case_id, wish)
        with acting(officer, purpose_of(wish.procedure, officer)):
            for one in act.documents.order_by("issued_at"):
                content = {**one.content, "number": "", "verification": ""}
                drafts.append((one.kind, render(one.kind, content, draft=True)))
        transaction.set_rollback(True)
    return drafts
