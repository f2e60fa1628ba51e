"""Invented content for every kind of document."""

from dataclasses import replace
from datetime import date

from sifang.cases.documents.catalogue import kind_of
from sifang.cases.documents.content import (
    ActFacts,
    Answer,
    Content,
    DocumentFacts,
    OrderFacts,
    Parties,
    PersonFacts,
    content_for,
)

ZHANG = PersonFacts(
    name="张三",
    sex="m",
    born=date(1988, 3, 12),
    number="历下-2026-0417",
    address="济南市历下区泉城路街道县西巷社区2号楼1单元301室",
    phone="13900000417",
)
ORDER = OrderFacts(
    type="probation",
    decided_by="济南市历下区人民法院",
    document_no="（2026）鲁0102刑初118号",
    document_date=date(2026, 8, 28),
    effective_on=date(2026, 9, 8),
    term_start=date(2026, 9, 8),
    term_end=date(2028, 9, 7),
    prohibition="禁止进入网吧、电子游戏经营场所",
    prohibition_until=date(2027, 9, 7),
)
PARTIES = Parties(
    county="济南市历下区社区矫正管理局",
    office="历下区泉城路司法所",
    bureau="济南市历下区司法局",
    higher="济南市社区矫正管理局",
    province="山东省社区矫正管理局",
    new_county="济南市章丘区社区矫正管理局",
    decider="济南市历下区人民法院",
    court="济南市历下区人民法院",
    custody="济南市看守所",
    police="济南市公安局历下区分局",
    exit_entry="济南市公安局出入境管理支队",
    procuratorate="济南市历下区人民检察院",
    helper="济南市历下区人力资源和社会保障局",
    guardian="陈母",
)
SHOWN = {
    "purpose": "母亲住院手术，需要陪护（就医）",
    "destination": "山东省青岛市市南区江苏路16号，联系人张四",
    "proof": "住院通知单一份、身份关系证明一份",
    "missing": "执行通知书；刑事判决书生效证明",
    "measures": "一、每月书面报告一次，每季度走访两次。二、参加就业技能培训。三、心理辅导每季度一次。",
    "assessment": "能够遵守监督管理规定，家庭支持较好，目前无稳定工作，再犯罪风险较低。",
    "members": "李所（司法所工作人员，组长）、周某（社区民警）、王某（居民委员会干部）、张父（家庭成员）",
    "ground_words": "未经批准无正当理由离开所居住的市、县",
    "still_needed": "是",
    "papers": "刑事判决书；执行通知书；接受社区矫正告知书；社区矫正对象基本信息表",
    "matter": "七日以内的外出审批；日常报告、核实和走访",
    "noted": "当日上午电话联系并入户走访。对象在家，近期在附近超市务工，情绪平稳，家庭关系正常。",
    "category": "普通管理",
}
REASONS = "所提供的证明材料不能证明外出事由，经电话核实，所述单位未安排该项工作。"
REMEDY = "不服本决定的，可以向本机构提出异议，也可以向人民检察院申诉、控告、检举"


def shown(key: str, label: str) -> str:
    """Return a plausible value for a field."""
    if key.endswith(("_on", "_by", "_until")) or key in {"valid_from", "valid_to", "until", "times"}:
        return "2026年11月27日"
    if key.endswith("_at"):
        return "2026年11月24日9时30分"
    return SHOWN.get(key, f"{label}的记载")


def facts_for(kind_id: str, **changes: object) -> DocumentFacts:
    """Return complete invented facts for a kind."""
    kind = kind_of(kind_id)
    answers = tuple(Answer(one.key, one.label, shown(one.key, one.label)) for one in kind.needs)
    act = ActFacts(
        step=kind.title,
        day=date(2026, 11, 24),
        agency=PARTIES.county,
        officer="王科",
        article="社区矫正法27条；办法27条2款",
        answers=answers,
        reasons=REASONS if kind.reasons else "",
        remedy=REMEDY if kind.reasons else "",
    )
    given = DocumentFacts(
        act,
        PARTIES,
        ZHANG,
        ORDER,
        number=f"〔2026〕历下矫{kind.word}字第0001号",
        verification="7K2M-9QXD-4TRA",
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def content_of(kind_id: str, **changes: object) -> Content:
    """Return complete content for a kind."""
    return content_for(kind_id, facts_for(kind_id, **changes))
