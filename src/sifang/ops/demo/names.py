"""Names that nobody bears: a surname and a heavenly stem (陈甲), or 测 and a number (测一〇三)."""

SURNAMES = (
    "陈林李王赵刘杨黄周吴徐孙胡朱高何郭马罗梁宋郑谢韩唐冯于董萧程"
    "曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范"
)
STEMS = "甲乙丙丁戊己庚辛壬癸"
DIGITS = "〇一二三四五六七八九"


def invented(index: int) -> str:
    """Return the name of the person with this index (from 0), each one once."""
    pairs = len(SURNAMES) * len(STEMS)
    if index < pairs:
        return SURNAMES[index % len(SURNAMES)] + STEMS[(index // len(SURNAMES) + index) % len(STEMS)]
    return "测" + "".join(DIGITS[int(digit)] for digit in str(index - pairs + 101))
