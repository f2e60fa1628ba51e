"""The documents 文书 of the procedures: who makes each, for whom, what it must hold, who signs and seals it.

Pure data; ids and titles are those of `law.documents`. `mark` says where the name comes from (PROCEDURES
§ 5): V stands in a verified text, 12 in the ministry's set of 2012, R is recalled or follows from the
procedure. The layouts are ours: the formats of 2020 have not been obtained. The rows stand in `rows_*.py`.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

from sifang.kernel.errors import SifangError
from sifang.law.documents import TITLES
from sifang.law.procedure import Actor

Mark = Literal["V", "12", "R"]
Party = Literal[
    "person",
    "guardian",
    "county",
    "office",
    "bureau",
    "higher",
    "province",
    "new_county",
    "decider",
    "court",
    "custody",
    "police",
    "exit_entry",
    "procuratorate",
    "helper",
]

ORIGINS: dict[Mark, str] = {
    "V": "名称见于已核对的法律文本，版式为参考格式",
    "12": "参考格式：名称见于司法部2012年文书格式，2020年格式未取得，版式由本系统拟定",
    "R": "参考格式：名称据程序拟定，司法部2020年格式未取得，使用前须核对",
}


class NoSuchDocument(SifangError):
    """没有这种文书：{kind}。"""

    code: ClassVar[str] = "no_such_document"
    status: ClassVar[int] = 404


@dataclass(frozen=True)
class Need:
    """One thing that the document says: key of an answer or fact, its Chinese label.

    `required`: without it the document is not made; otherwise its place stays empty for the pen.
    `others`: keys under which other rows give the same thing.
    """

    key: str
    label: str
    required: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentKind:
    """One kind of document.

    `word`: the letters of its number (外 in 历下矫外字第0001号), one for each kind. `to`: whom it addresses;
    `copies`: who also gets it. `signs`: the lines for signatures. `seal`: whose seal it bears, "" none.
    `reasons`: states the reasons of the act. `about_person`: false where no single person is concerned.
    """

    id: str
    made_by: Actor
    procedures: tuple[str, ...]
    mark: Mark
    word: str
    to: tuple[Party, ...] = ()
    copies: tuple[Party, ...] = ()
    signs: tuple[str, ...] = ()
    seal: Party | Literal[""] = ""
    needs: tuple[Need, ...] = ()
    reasons: bool = False
    about_person: bool = True

    @property
    def title(self) -> str:
        """The title as printed."""
        return TITLES[self.id]

    @property
    def template(self) -> str:
        """The file in templates/ that lays it out."""
        return f"{self.id}.typ"


def must(key: str, label: str, *others: str) -> Need:
    """Without this the document is not made."""
    return Need(key, label, required=True, others=others)


def may(key: str, label: str, *others: str) -> Need:
    """Printed when known, else left empty for the pen."""
    return Need(key, label, others=others)


@cache
def all_kinds() -> dict[str, DocumentKind]:
    """Return every kind by id, in the order of a person's course."""
    from sifang.cases.documents import rows_daily, rows_ending, rows_intake, rows_moving, rows_positioning

    parts = (rows_intake, rows_daily, rows_moving, rows_positioning, rows_ending)
    return {kind.id: kind for part in parts for kind in part.KINDS}


def kind_of(kind_id: str) -> DocumentKind:
    """Return one kind. Raises NoSuchDocument."""
    try:
        return all_kinds()[kind_id]
    except KeyError:
        raise NoSuchDocument(kind=kind_id) from None
