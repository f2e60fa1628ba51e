"""The one content of an exported track, whatever its form: chain, columns, fixes, end.

Every form (`forms`) writes the same lines; the digest is over the lines, not over the form, so that CSV, GPX
and JSON of one export have one SHA-256. Pure: no Django, no database; the offline checker uses it too.

A line is the JSON text of a list without spaces, UTF-8, and a line feed:
["format","sifang.track.1",…columns], ["chain",key,value], ["fix",…values], ["end",key,value].
"""

import hashlib
import json
import re
from collections.abc import Sequence

FORMAT = "sifang.track.1"
CHAIN, FIX, END, SEAL = "chain", "fix", "end", "seal"

# name: what it is, for the reader of the file
COLUMNS: dict[str, str] = {
    "taken_at": "定位时间，装置自己的时钟，UTC",
    "received_at": "服务器收到时间，UTC",
    "lon_wgs84_deg": "经度，WGS-84，度；空：装置说没有定位",
    "lat_wgs84_deg": "纬度，WGS-84，度",
    "accuracy_m": "误差半径，米：真实位置以 68% 的概率在此半径内",
    "accuracy_assumed": "1：装置没有给出误差，按误差模型推定；0：装置给出",
    "altitude_m": "海拔，米；空：没有给出",
    "speed_kmh": "速度，千米每小时；空：没有给出",
    "course_deg": "方向，度；空：没有给出",
    "satellites": "卫星数；空：没有给出",
    "source": "定位来源：gnss 卫星、wifi、cell 基站、unknown 未说明",
    "battery_pct": "电量，%；空：没有给出",
    "strap": "腕扣：closed 闭合、open 打开或被拆、unknown 未说明",
    "late": "1：晚到（早于该装置已收到的最新时间）",
    "replayed": "1：盲区补传",
    "verdict": "围栏引擎当时的判断：inside 在内、outside 在外、unknown 无法判断、none 无须判断",
    "measure": "措施编号",
    "device_key": "装置键（装置登记号的后 64 位，十六进制）",
    "digest": "定位内容的带密钥摘要（64 位，十六进制；本系统重新计算）",
    "stored_in": "存放处：block 日志块编号，或者 chunk 措施编号与小时（UTC）",
}
NAMES = tuple(COLUMNS)
TAKEN, LON, LAT, ALTITUDE, SATELLITES = (
    NAMES.index(name) for name in ("taken_at", "lon_wgs84_deg", "lat_wgs84_deg", "altitude_m", "satellites")
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]+")


def plain(text: str) -> str:
    """Return `text` on one line: control characters, which no form can carry alike, become a space."""
    return _CONTROL.sub(" ", text).strip()


class Digest:
    """The digests of an export as it goes by: `content` over all lines, `rows` over the fixes alone."""

    def __init__(self) -> None:
        self._content, self._rows = hashlib.sha256(), hashlib.sha256()
        self.count = 0
        self.add("format", [FORMAT, *NAMES])

    def add(self, kind: str, values: Sequence[str]) -> None:
        """Take one line."""
        line = (json.dumps([kind, *values], ensure_ascii=False, separators=(",", ":")) + "\n").encode()
        self._content.update(line)
        if kind == FIX:
            self._rows.update(line)
            self.count += 1

    @property
    def content(self) -> str:
        return self._content.hexdigest()

    @property
    def rows(self) -> str:
        return self._rows.hexdigest()


def last_check(content: str, closing: Sequence[str]) -> str:
    """Return the last value of a file: it covers the digest and what the ledger answered to it."""
    return hashlib.sha256("|".join([content, *closing]).encode()).hexdigest()
