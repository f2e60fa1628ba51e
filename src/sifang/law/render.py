"""The page of a procedure that a lawyer signs: a table and a diagram, in Chinese, made from the rows."""

from sifang.law.articles import UnknownArticle, article, citations
from sifang.law.articles.index import MARKS
from sifang.law.documents import TITLES
from sifang.law.procedure import ANY, SAME, TYPE_WORDS, Due, Duty, Kind, Procedure, Step
from sifang.law.rules import rule

HEAD = ("现状", "步骤", "谁", "条文", "类型·条件", "期限", "文书", "送达、通知", "转为")
UNITS = {"hour": "小时", "day": "日", "workday": "工作日", "month": "个月", "year": "年"}
WEAKEST = ("local", "reading", "recalled", "excerpt", "verified")


def mark_of(words: str, given: str = "") -> str:
    """Return the weakest mark among the articles cited, or `given` if the row carries its own."""
    if given:
        return given
    found = []
    for law, number in citations(words):
        try:
            found.append(article(f"{law}{number}条").mark)
        except UnknownArticle:
            found.append("recalled")
    return min(found, key=WEAKEST.index, default="reading")


def as_markdown(procedure: Procedure) -> str:
    """Return the page: one row per step, the diagram, the notes, and the digest of the edition."""
    since = f"{procedure.valid_from.isoformat()} 起的行为适用"
    until = f"，至 {procedure.valid_to.isoformat()}" if procedure.valid_to else ""
    lines = [
        f"# {procedure.title}（{procedure.code}）",
        "",
        f"{procedure.edition.isoformat()} 版，{since}{until}。摘要 `{procedure.digest()[:16]}`。",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *(row(procedure, step) for step in procedure.steps),
        "",
        "```mermaid",
        as_mermaid(procedure),
        "```",
        "",
        *(f"> {note}" for note in procedure.notes),
        "",
    ]
    return "\n".join(lines)


def row(procedure: Procedure, step: Step) -> str:
    """Return one step as a row of the table."""
    frm = "任一未结状态" if step.frm == ANY else procedure.states[step.frm]
    to = "不变" if step.to == SAME else procedure.states[step.to]
    cells = (
        frm,
        step.title + (f"（受{MATTER}委托的司法所可办）" if step.delegable else ""),
        step.actor.value,
        with_mark(step.article, step.mark),
        given_words(step),
        due_words(step.due, step, since_words(procedure, step.due.since)) if step.due else "法律未定期限",
        "、".join(document_title(one) for one in step.documents),
        "；".join(duty_words(duty) for duty in step.duties),
        to + ("（提请注意）" if step.alarm else ""),
    )
    return "| " + " | ".join(cells) + " |"


MATTER = "书面"
# A number that stands in a text of which we know the article only roughly is no target of our own.
OURS = "〔内部目标〕"
TARGETS = {"recalled": "〔待核〕"}


def with_mark(words: str, given: str = "") -> str:
    """Return a citation with its mark, which officers and lawyers see."""
    mark = mark_of(words, given)
    return words if mark == "verified" else f"{words}〔{MARKS[mark]}〕"


def given_words(step: Step) -> str:
    """Return types and condition in words; reasons and remedy belong to what the row demands."""
    parts = ["、".join(TYPE_WORDS[one] for one in step.types)] if step.types else []
    if step.given:
        parts.append(str(step.given))
    if step.not_before:
        parts.append("该日以前不得办理")
    if step.reasons:
        parts.append("须写明理由")
    if step.remedy:
        parts.append(f"告知救济：{step.remedy}")
    return "；".join(parts)


def since_words(procedure: Procedure, key: str) -> str:
    """Return what a clock counts from in words: a fact, an answer, or the step that sets it."""
    words = next((fact.words for fact in procedure.facts if fact.key == key), "")
    for step in procedure.steps:
        words = words or next((ask.words for ask in step.asks if ask.key == key), "")
    for step in procedure.steps:
        words = words or next((f"「{step.title}」之日" for one in step.sets if one.key == key), "")
    return words


def due_words(due: Due, step: Step | None = None, since: str = "") -> str:
    """Return a deadline in words; `since`: what it counts from."""
    clock = "届满时" if step is not None and step.kind is Kind.CLOCK else ""
    if due.rule:
        return f"{rule_words(due.rule)}{clock}"
    if due.n:
        start = f"自{since}起 " if since else ""
        return f"{start}{due.n} {UNITS[due.unit]}{TARGETS.get(due.mark, OURS)}{clock}"
    return f"{since or ''}当日{clock}"


def rule_words(name: str) -> str:
    """Return length, mark and id of a rule: 10日（handover.docs）, 提前3日〔待核〕（leave.notice）."""
    found = rule(name)
    mark = "" if found.mark == "verified" else f"〔{MARKS[found.mark]}〕"
    return f"{'提前' if found.before else ''}{found.length}{mark}（{name}）"


def duty_words(duty: Duty) -> str:
    """Return a recipient in words."""
    who = f"：{duty.by.value}→" if duty.by else "→"
    when = f"，{due_words(duty.due)}" if duty.due else ""
    only = f"（{duty.given}时）" if duty.given else ""
    return f"{duty.title}{who}{duty.to.value}{only}{when}（{with_mark(duty.article, duty.mark)}）"


def document_title(kind: str) -> str:
    """Return a document's Chinese title by its id, or the id when it has none yet."""
    return TITLES.get(kind, kind)


def as_mermaid(procedure: Procedure) -> str:
    """Return the state diagram; steps that stay in the state are left to the table."""
    lines = [
        "stateDiagram-v2",
        *(f'    state "{title}" as {name}' for name, title in procedure.states.items()),
    ]
    lines.append(f"    [*] --> {procedure.start}")
    seen = set()
    for step in procedure.steps:
        for frm in procedure.states if step.frm == ANY else (step.frm,):
            to = procedure.after(step, frm)
            edge = f"    {frm} --> {to} : {step.title}（{step.actor.value}）"
            if to != frm and frm not in procedure.final and edge not in seen:
                seen.add(edge)
                lines.append(edge)
    lines += [f"    {name} --> [*]" for name in sorted(procedure.final)]
    return "\n".join(lines)
