"""Small parts of pages: shapes, icons, law marks, probability bars."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sifang.web.present.law import LawMark, law_mark
from sifang.web.present.shapes import ICONS, QUARTER, SHAPES
from sifang.web.templatetags.figures import percent

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Return an icon of `ICONS`, decorative: the word stands beside it."""
    extra = f" sf-i--{size}" if size else ""
    body = mark_safe(ICONS[name])  # noqa: S308 (our own constant)
    return format_html('<svg class="sf-i{}" viewBox="0 0 20 20" aria-hidden="true">{}</svg>', extra, body)


@register.simple_tag
def shape(name: str, px: int = 16) -> SafeString:
    """Return the shape of a state; always with its word beside it."""
    body = mark_safe(SHAPES[name])  # noqa: S308 (our own constant)
    return format_html(
        '<svg viewBox="0 0 16 16" width="{}" height="{}" aria-hidden="true">{}</svg>', px, px, body
    )


@register.simple_tag
def state(name: str, word: str, chip: str = "") -> SafeString:
    """Return shape + word + colour of a state."""
    look = {"old": "plain", "none": "plain", "note": "plain", "target": "plain"}.get(name, name)
    more = " sf-st--chip" if chip else ""
    return format_html('<span class="sf-st sf-st--{}{}">{}{}</span>', look, more, shape(name), word)


@register.simple_tag
def seal(px: int = 28) -> SafeString:
    """Return the logo: four quarters round an open centre."""
    quarters = "".join(
        f'<path d="{QUARTER}" fill="currentColor" transform="rotate({turn} 10 10)"/>'
        for turn in (0, 90, 180, 270)
    )
    body = mark_safe(quarters + '<circle cx="10" cy="10" r="1.9" fill="currentColor"/>')  # noqa: S308
    return format_html(
        '<svg viewBox="0 0 20 20" width="{}" height="{}" aria-hidden="true">{}</svg>', px, px, body
    )


@register.simple_tag
def proof(word: str = "待见证") -> SafeString:
    """Return the badge of evidence, awaiting every witness: the log of this release has none yet."""
    quarters = "".join(
        f'<path class="q" d="{QUARTER}" transform="rotate({turn} 10 10)"/>' for turn in (0, 90, 180, 270)
    )
    body = mark_safe(quarters)  # noqa: S308 (our own constant)
    return format_html(
        '<span class="sf-proof sf-proof--prov"><svg viewBox="-1 -1 22 22" aria-hidden="true">{}</svg>'
        "{}</span>",
        body,
        word,
    )


@register.simple_tag
def law(article: str, sure: str = "") -> SafeString:
    """Return the law mark of one citation; it says how sure we are of the text (UI § 2)."""
    mark: LawMark = law_mark(article, sure)
    note = format_html("<i>{}</i>", mark.note) if mark.note else ""
    return format_html(
        '<span class="sf-law{}" tabindex="0" title="{}">{}{}</span>',
        f" sf-law--{mark.look}" if mark.look else "",
        mark.gist,
        mark.words,
        note,
    )


@register.simple_tag
def prob(
    value: float | None, threshold: float = 0.95, look: str = "outside", width: int = 56, bare: str = ""
) -> SafeString:
    """Return a probability bar with the threshold tick, and the figure."""
    if value is None:
        return SafeString("")
    body = format_html(
        '<rect width="{0}" height="8" rx="1" fill="var(--sunken)"/>'
        '<rect width="{1}" height="8" rx="1" fill="var(--{2})"/>'
        '<path d="M{3} -1v10" stroke="var(--ink)" stroke-width="1.5"/>',
        width,
        round(width * value, 1),
        look,
        round(width * threshold, 1),
    )
    if bare:
        return format_html(
            '<svg viewBox="0 -2 {0} 12" width="{0}" height="12" aria-hidden="true">{1}</svg>', width, body
        )
    return format_html(
        '<span class="sf-prob" title="标准 {}"><svg viewBox="0 0 {} 8" width="{}" height="8"'
        ' aria-hidden="true">{}</svg><span class="sf-num">{}</span></span>',
        percent(threshold),
        width,
        width,
        body,
        percent(value),
    )
