"""Makes the PDF of a document: PDF/A-2b, the same bytes for the same content, no font of the machine.

Content goes in as JSON data, never as template text. One compiler lives per process; a lock keeps it to one
document at a time (about ten milliseconds each, see docs/guide/documents.md).
"""

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from sifang.cases.documents.catalogue import kind_of
from sifang.cases.documents.errors import NoGlyph, NoTemplate
from sifang.cases.documents.fonts import FOLDER, undrawable

TEMPLATES = Path(__file__).parent / "templates"
_LOCK = threading.Lock()


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER)])
    return typst.Compiler(root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True)


def render(kind_id: str, content: Mapping[str, Any], *, draft: bool) -> bytes:
    """Return the PDF/A-2b of a document; a draft bears 预览·未签发 across each page.

    Raises NoGlyph, naming the characters, before a name could be printed as an empty box.
    """
    kind = kind_of(kind_id)
    missing = undrawable("".join(_words(content)))
    if missing:
        named = "、".join(f"{one}（U+{ord(one):04X}）" for one in missing)
        raise NoGlyph(characters=named, title=kind.title)
    template = TEMPLATES / kind.template
    if not template.exists():
        raise NoTemplate(title=kind.title)
    data = json.dumps({**content, "draft": draft}, ensure_ascii=False, sort_keys=True)
    day = datetime.fromisoformat(content["act"]["iso"]).replace(tzinfo=UTC)
    with _LOCK:
        pdf = _compiler().compile(
            input=str(template),
            format="pdf",
            sys_inputs={"content": data},
            pdf_standards="a-2b",
            timestamp=int(day.timestamp()),
        )
    assert isinstance(pdf, bytes)
    return pdf


def _words(value: object) -> Iterator[str]:
    """Yield every piece of text in the content."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)
