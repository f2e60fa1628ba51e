"""What can go wrong with a document."""

from sifang.kernel.errors import SifangError


class FieldMissing(SifangError):
    """《{title}》缺少：{fields}。"""

    code, status = "document_field_missing", 409


class NoGlyph(SifangError):
    """字体中没有这个字：{characters}（《{title}》）。请联系管理员补充字体后再签发。"""

    code, status = "document_no_glyph", 409


class NoTemplate(SifangError):
    """《{title}》没有版式。"""

    code, status = "document_no_template", 500
