"""Documents of electronic positioning, which only the head of the county bureau decides (社区矫正法29条)."""

from sifang.cases.documents.catalogue import DocumentKind, may, must
from sifang.law.procedure import Actor

COUNTY, HEAD = Actor.COUNTY, Actor.HEAD
GROUND = may("ground_words", "法定情形", "ground")
EVIDENCE = may("evidence", "证明该情形的记录", "proof", "record", "linked_record")
UNTIL = may("measure_until", "使用至", "ends_on", "valid_to")

KINDS = (
    DocumentKind(
        "positioning_form",
        COUNTY,
        ("P-EP-1", "P-EP-2"),
        "R",
        "电",
        signs=("承办人", "社区矫正机构负责人", "县级司法行政部门负责人"),
        seal="bureau",
        needs=(GROUND, EVIDENCE, may("months", "拟使用期限（月）", "term_months", "period")),
    ),
    DocumentKind(
        "positioning_decision",
        HEAD,
        ("P-EP-2",),
        "R",
        "定",
        to=("person",),
        copies=("procuratorate",),
        signs=("县级司法行政部门负责人",),
        seal="bureau",
        needs=(GROUND, UNTIL),
        reasons=True,
    ),
    DocumentKind(
        "positioning_notice",
        COUNTY,
        ("P-EP-3",),
        "R",
        "知",
        to=("person",),
        signs=("告知人", "社区矫正对象"),
        seal="county",
        needs=(GROUND, UNTIL, may("device", "装置编号", "device_no", "serial")),
    ),
    DocumentKind(
        "positioning_assessment",
        COUNTY,
        ("P-EP-6", "P-EP-7"),
        "R",
        "评",
        signs=("评估人", "负责人"),
        seal="county",
        needs=(
            GROUND,
            UNTIL,
            may("assessment", "评估情况", "review", "noted", "found", "evaluation"),
            must("still_needed", "是否仍有必要", "necessity"),
        ),
    ),
    DocumentKind(
        "positioning_extension",
        HEAD,
        ("P-EP-7",),
        "R",
        "续",
        signs=("承办人", "县级司法行政部门负责人"),
        seal="bureau",
        needs=(GROUND, UNTIL, may("assessment", "到期评估", "review", "noted", "found", "evaluation")),
    ),
    DocumentKind(
        "positioning_removal",
        COUNTY,
        ("P-EP-6",),
        "R",
        "解",
        to=("person",),
        copies=("procuratorate",),
        signs=("承办人", "社区矫正对象"),
        seal="county",
        needs=(may("removed_at", "解除时间", "removed_on"), may("device", "装置编号", "device_no", "serial")),
    ),
)
