"""The rows of the index: (law, number, mark, gist in our own words). Marks as in PROCEDURES § 0."""

from sifang.law.articles.corrections import CORRECTIONS
from sifang.law.articles.criminal import CRIMINAL
from sifang.law.articles.general import GENERAL

# Short name as cited: full title, file name of the text as imported; "" where no copy was obtained.
LAW_ROWS: dict[str, tuple[str, str]] = {
    "社区矫正法": ("中华人民共和国社区矫正法（2019）", "社区矫正法_2019.md"),
    "实施办法": ("社区矫正法实施办法（司发通〔2020〕59号）", "社区矫正法实施办法_2020_recalled.md"),
    "刑法": ("中华人民共和国刑法（总则）", "刑法_总则节选.md"),
    "刑事诉讼法": ("中华人民共和国刑事诉讼法（2018）", "刑事诉讼法_节选.md"),
    "刑诉法解释": ("最高人民法院关于适用刑事诉讼法的解释（2021）", "刑诉法解释2021_节选.md"),
    "检察规则": ("人民检察院刑事诉讼规则（2019）", "人民检察院刑事诉讼规则_节选.md"),
    "公安程序规定": ("公安机关办理刑事案件程序规定（2020）", "公安机关办理刑事案件程序规定_节选.md"),
    "监狱法": ("中华人民共和国监狱法（2026修订，2026年11月1日起施行）", "监狱法_2026修订.md"),
    "减刑假释规定": ("最高人民法院关于办理减刑、假释案件具体应用法律的规定（2016）", "减刑假释规定2016.md"),
    "暂予监外执行规定": ("暂予监外执行规定（司发通〔2014〕112号）", "暂予监外执行规定_2014_recalled.md"),
    "禁止令规定": (
        "关于对判处管制、宣告缓刑的犯罪分子适用禁止令有关问题的规定（试行）（法发〔2011〕9号）",
        "",
    ),
    "检察建议规定": ("人民检察院检察建议工作规定（2019）", ""),
    "治安管理处罚法": ("中华人民共和国治安管理处罚法（2025）", "治安管理处罚法.md"),
    "出境入境管理法": ("中华人民共和国出境入境管理法", "出境入境管理法.md"),
    "护照法": ("中华人民共和国护照法", "护照法_节选.md"),
    "预防未成年人犯罪法": ("中华人民共和国预防未成年人犯罪法", "预防未成年人犯罪法.md"),
    "个人信息保护法": ("中华人民共和国个人信息保护法", "个人信息保护法.md"),
    "数据安全法": ("中华人民共和国数据安全法", "数据安全法.md"),
    "网络数据条例": ("网络数据安全管理条例（2024）", "网络数据安全管理条例.md"),
    "电子签名法": ("中华人民共和国电子签名法", "电子签名法.md"),
    "网络安全法": ("中华人民共和国网络安全法（2025）", "网络安全法.md"),
    "山东细则": ("山东省社区矫正实施细则（2020，仅见一至五条）", "山东省社区矫正实施细则_2020_节选.md"),
}

# Cited in our copies, but outside the extract that we hold: the text itself was not seen.
OUTSIDE_OUR_COPY: frozenset[tuple[str, int]] = frozenset({("刑法", 99)})

ROWS: list[tuple[str, int, str, str]] = [*CORRECTIONS, *CRIMINAL, *GENERAL]

# What the house does in full today; everything else that code cites is `partly`.
DONE: frozenset[tuple[str, int]] = frozenset({("社区矫正法", 2), ("刑法", 73), ("刑诉法解释", 202)})
