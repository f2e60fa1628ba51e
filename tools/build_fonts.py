"""Cuts the three fonts of the documents from Noto CJK (OFL-1.1). Run by hand; the results are committed.

    python tools/build_fonts.py /usr/share/fonts/opentype/noto

Needs fontTools and Debian's fonts-noto-cjk (20220127). The parts have names of their own: a cut font is a
modified version, and must not be mistaken for a complete one.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).resolve().parent.parent / "src/sifang/cases/documents/fonts"
SIMPLIFIED = 2  # index in the collection: 0 JP, 1 KR, 2 SC, 3 TC, 4 HK; another one gives other shapes

SIGNS = "〔〕【】「」『』《》〈〉·•—…‰℃№○●◎□■△☐☑☒✓×÷±≤≥→←↑↓①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳〇㎡"
# names use characters from all blocks (䶮 is in the first)
SUPPLEMENTS = ((0x3400, 0x4DBF), (0x9FA6, 0x9FFF), (0x20000, 0x2EBEF), (0x30000, 0x3134F))


def of_codec(codec: str, first: range, second: range) -> set[int]:
    """Return the characters that two bytes can write in `codec`."""
    found = set()
    for lead in first:
        for trail in second:
            try:
                found.add(ord(bytes([lead, trail]).decode(codec)))
            except (UnicodeDecodeError, TypeError):
                continue
    return found


def characters() -> dict[str, set[int]]:
    """Return, by font, what it shall hold: daily characters, rare ones, and those of titles."""
    plain = {*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0xFF01, 0xFF5F), *map(ord, SIGNS)}
    daily = of_codec("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF)) | plain
    extra = {code for low, high in SUPPLEMENTS for code in range(low, high + 1)}
    rare = of_codec("gbk", range(0x81, 0xFF), range(0x40, 0xFF)) | extra
    titles = of_codec("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF)) | plain
    return {"Sifang Song": daily, "Sifang Song Rare": rare - daily, "Sifang Hei": titles}


def cut(source: Path, family: str, wanted: set[int]) -> None:
    """Write the part of `source` that holds `wanted` under the name `family`."""
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GSUB", "GPOS", "GDEF", "DSIG"]
    font = TTFont(source, fontNumber=SIMPLIFIED)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    postscript = family.replace(" ", "")
    names = {1: family, 2: "Regular", 3: f"{postscript};from Noto CJK", 4: family, 6: postscript}
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    top = font["CFF "].cff
    top.fontNames = [postscript]
    top.topDictIndex[0].FullName = top.topDictIndex[0].FamilyName = family
    font["OS/2"].usWeightClass = 400
    path = TARGET / f"{postscript}.otf"
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(path)
    print(f"{path.name}: {len(font.getBestCmap())} characters, {path.stat().st_size / 1e6:.1f} MB")


def main() -> int:
    folder = Path(sys.argv[1])
    TARGET.mkdir(parents=True, exist_ok=True)
    for family, wanted in characters().items():
        source = "NotoSansCJK-Bold.ttc" if family.endswith("Hei") else "NotoSerifCJK-Regular.ttc"
        cut(folder / source, family, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
