"""The columns of a register: title, whether needed, how to fill it; template and reader agree. Pure."""

from dataclasses import dataclass
from itertools import starmap


@dataclass(frozen=True)
class Column:
    """One column; `help` is what the template's help sheet says."""

    key: str
    title: str
    is_needed: bool
    help: str
    example: str = ""
    most: int = 200


COLUMNS = tuple(
    starmap(
        Column,
        (
            (
                "number",
                "矫正编号",
                True,
                "本机构的编号，全文件不重复；同号再次导入时不改动",
                "历下-2026-0901",
                40,
            ),
            ("name", "姓名", True, "", "李某某", 60),
            ("sex", "性别", True, "男、女", "男", 20),
            ("birth_date", "出生日期", True, "如 1990-03-05、1990/3/5、1990年3月5日", "1990-03-05", 20),
            (
                "id_number",
                "公民身份号码",
                False,
                "十八位，单元格设为文本；核对校验码、出生日期和性别",
                "",
                20,
            ),
            ("phone", "联系电话", False, "", "13800000000", 20),
            ("address", "住址", False, "", "历下区某街道某小区", 200),
            ("county", "执行地", False, "县区司法局全名；只能是本机构，填其他县区的不予导入", "", 80),
            ("office", "司法所", False, "本县区司法所全名，见机构名录", "趵突泉司法所", 80),
            ("type", "矫正类别", True, "管制、缓刑、假释、暂予监外执行", "缓刑", 10),
            ("decider", "决定机关", True, "全名，须已登记为机构（社区矫正法17条）", "历下区人民法院", 80),
            ("document_no", "文书号", True, "判决书、裁定书或者决定书的文号", "（2026）鲁0102刑初1号", 80),
            ("document_date", "文书日期", True, "", "2026-03-01", 20),
            ("effective_on", "生效日期", True, "判决、裁定、决定生效的日期", "2026-03-12", 20),
            ("term_start", "矫正期起", True, "含当日", "2026-03-12", 20),
            ("term_end", "矫正期止", True, "含当日，至24时", "2027-03-11", 20),
            ("sentence_kind", "原判刑种", False, "管制、拘役、有期徒刑、无期徒刑", "有期徒刑", 10),
            ("sentence", "原判刑期", False, "如 六个月、1年6个月、一年六个月", "六个月", 20),
            ("length", "考验期或者管制期限", False, "缓刑、管制填写，填写后核对矫正期起止", "一年", 20),
            ("days_held", "先行羁押天数", False, "管制填写（刑法41条）", "", 6),
            ("sentence_ends_on", "原判刑期止日", False, "假释、暂予监外执行填写，填写后核对", "", 20),
            ("several_crimes", "数罪并罚", False, "是、否", "否", 20),
            ("resolved", "期限说明", False, "文书期限与计算不符时，经核对文书的理由", "", 400),
            ("prohibition", "禁止令", False, "判决主文原话；只限管制、缓刑（刑法38条、72条）", "", 1000),
            ("prohibition_until", "禁止令止日", False, "含当日，不晚于矫正期止", "", 20),
            ("received_on", "接收日期", True, "原先登记接收的日期，不早于文书日期", "2026-03-20", 20),
            ("guardian", "监护人", False, "未成年人填写（社区矫正法53条）", "", 60),
            ("guardian_relation", "监护人关系", False, "如 父亲、祖母", "", 20),
            ("guardian_phone", "监护人电话", False, "", "", 20),
            ("category", "原管理类别", False, "只作接管前情况留存；类别由本机构具名人员另行确定", "", 20),
            ("team", "原矫正小组", False, "只作接管前情况留存；小组由本机构另行确定", "", 200),
        ),
    )
)
BY_TITLE = {column.title: column for column in COLUMNS}
TITLE = {column.key: column.title for column in COLUMNS}
