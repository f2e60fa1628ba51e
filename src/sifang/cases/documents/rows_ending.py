"""Documents of the end: summary, evaluation, release, termination, the link to resettlement (§ 3 H)."""

from sifang.cases.documents.catalogue import DocumentKind, Party, may
from sifang.law.procedure import Actor

COUNTY = Actor.COUNTY
TOLD: tuple[Party, ...] = ("procuratorate", "police")

KINDS = (
    DocumentKind(
        "personal_summary",
        Actor.PERSON,
        ("P-END-1",),
        "12",
        "结",
        to=("county",),
        signs=("社区矫正对象",),
        needs=(may("summary", "总结", "text", "noted", "content"),),
    ),
    DocumentKind(
        "final_evaluation",
        COUNTY,
        ("P-END-1",),
        "12",
        "鉴",
        signs=("鉴定人", "负责人"),
        seal="county",
        needs=(
            may("summary", "本人总结要点"),
            may("evaluation", "矫正表现鉴定", "assessment", "noted", "conduct"),
            may("resettlement", "安置帮教建议", "advice"),
        ),
    ),
    DocumentKind(
        "release_announcement",
        COUNTY,
        ("P-END-2",),
        "12",
        "解宣",
        signs=("宣告人", "社区矫正对象"),
        seal="county",
        needs=(
            may("announced_on", "宣告日期"),
            may("place", "宣告地点"),
            may("evaluation", "鉴定意见"),
            may("present", "到场人员", "attended"),
        ),
    ),
    DocumentKind(
        "release_certificate",
        COUNTY,
        ("P-END-2", "P-END-3"),
        "V",
        "解证",
        to=("person",),
        seal="county",
        needs=(may("released_on", "解除日期"), may("ground", "解除事由", "document_no")),
    ),
    DocumentKind(
        "release_notice",
        COUNTY,
        ("P-END-2", "P-END-3"),
        "12",
        "解通",
        to=("decider",),
        copies=TOLD,
        signs=("承办人",),
        seal="county",
        needs=(may("released_on", "解除日期"), may("ground", "解除事由", "document_no")),
    ),
    DocumentKind(
        "termination_notice",
        COUNTY,
        ("P-END-4",),
        "R",
        "终",
        to=("decider",),
        copies=TOLD,
        signs=("承办人",),
        seal="county",
        needs=(
            may("ground", "终止事由", "cause"),
            may("paper_no", "依据文书", "document_no"),
            may("terminated_on", "终止日期", "document_on", "died_on"),
        ),
    ),
    DocumentKind(
        "resettlement_letter",
        COUNTY,
        ("P-END-1", "P-END-2"),
        "R",
        "衔",
        to=("office",),
        signs=("承办人",),
        seal="county",
        needs=(
            may("released_on", "解除日期"),
            may("noted", "衔接事项", "resettlement", "needs", "advice"),
            may("helper", "接收单位", "to_agency", "partner"),
        ),
    ),
)
