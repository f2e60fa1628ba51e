"""What the forms of old acts say: the answers given, and for the rest words that fit the question."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sifang.law.procedure import Ask, Step

WORDS = {
    "papers_list": "判决书、执行通知书、报到告知书、送达回证，共四份，齐全",
    "identity_by": "核对身份证件、法律文书和照片",
    "basics": "本地居住，有稳定住处；家庭关系正常",
    "assessment": "认罪悔罪，遵守规定，再犯罪风险较低",
    "special": "无特殊情况",
    "supervision": "每月报告，定期走访；依裁判执行禁止事项",
    "help_given": "就业为先；法治教育安排在休息日；需要时转介",
    "for_minor": "与成年人分别进行；家庭监护和学业一并安排",
    "category_to": "普通管理",
    "type_basis": "所犯罪行较轻，初犯",
    "stage": "矫正初期",
    "risk": "综合评估为较低",
    "conduct": "遵守规定，按时报告，接受监督管理",
    "study": "参加法治教育，完成学习安排",
    "observance": "遵守禁止令，没有进入禁止进入的场所",
    "subject": "活动情况和行为表现",
    "found": "情况正常，与本人所述一致",
    "visited": "住处",
    "privacy": "不着制服，不向邻居和单位说明身份",
    "destination": "北京市",
    "proof": "证明材料一份，已核对",
    "noted": "情况正常",
    "theme": "法治、道德",
    "fitted": "安排在休息日和下班后",
    "summary": "矫正期间遵守规定，完成学习，家庭和工作稳定",
    "evaluation": "遵守规定，服从监督管理，教育帮扶效果良好",
    "needs": "就业稳定；继续关心社会保险接续",
    "help": "介绍用人单位，协助办理手续",
    "helper": "区人力资源和社会保障局",
    "asked": "协助安排培训和就业",
    "answer": "同意协助，已安排",
    "answered_by": "经办人，书面答复",
    "milestone": "已面试，等待通知",
    "result": "已办成",
    "agreed_content": "姓名、联系方式和所需帮助；不告知案情",
    "words": "希望得到帮助",
    "health": "身体状况稳定，按医嘱治疗",
    "hospital": "省人民政府指定的医院",
    "diagnosis": "病情复查材料一份",
    "reviewed": "病情与决定时相比没有明显变化",
    "what": "社区图书整理",
    "where": "街道社区",
    "demands": "室内轻体力，有休息",
    "fit_words": "年龄、健康和工作安排都合适",
    "took_part": "按时参加，认真完成",
    "explained": "期限、要求、违反的后果和救济途径均已告知",
    "device": "见装置登记",
    "device_record": "专门的电子定位装置，检测报告和精度见装置登记",
    "necessity": "其他监督方式不足以掌握其活动情况",
    "effect": "只在必要时间使用；不影响工作；范围限于裁判和法律的限制",
    "still_needed": "情形仍在，仍有必要；已听取本人意见",
    "facts_found": "见决定书认定的事实",
    "evidence": "书证、证人证言和本人陈述相互印证",
    "proposal": "给予警告，另行决定",
    "statement": "对事实没有异议",
    "comment": "情况属实，同意",
    "opinion": "居所真实，同意接收",
    "papers": "法律文书和社区矫正档案全部移交",
    "identity": "居民身份证",
    "signed": "本人已签收",
    "means": "电话联系本人，并实地走访住处",
    "excuse": "因病就诊，有诊断材料",
    "handed_over": "决定书、改造情况和病情材料",
    "certificate_no": "假释证明书（演示）",
    "discharge_no": "刑满释放证明书（演示）",
    "document_no": "生效文书（演示）",
    "decision_no": "决定书（演示）",
    "asked_for": "本人进入时告知社区矫正机构",
    "guardian": "父亲",
    "called_by": "电话和书面通知",
}


def answers_for(step: Step, given: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return what the form of a row says on a legal day: the answers given and, where required, the rest."""
    found = {}
    for ask in step.asks:
        if ask.key in given:
            found[ask.key] = given[ask.key]
        elif ask.required:
            found[ask.key] = _said(ask, day)
    return found


def _said(ask: Ask, day: date) -> Any:
    match ask.kind:
        case "date":
            return day.isoformat()
        case "choice":
            return ask.choices[0][0]
        case "yesno":
            return True
        case "number":
            return 2
        case "people":
            return [{"name": "居委会工作人员", "kind": "居民委员会"}]
        case _:
            return WORDS.get(ask.key, "已核实，情况见工作记录")
