"""The words of an export: person, measures, devices, by which articles, how it came from device to page.

Everything that is known before the first fix (`chain_words`) and after the last (`end_words`); what the
chain proves and what it does not is said in the file itself. Called inside `acting`; keys are for readers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata

from django.db.models import Prefetch

from sifang.kernel.time import SHANGHAI
from sifang.law.articles import article
from sifang.monitoring.export.rows import hexadecimal, name_of
from sifang.monitoring.export.tape import COLUMNS, plain
from sifang.monitoring.intake.track import Source
from sifang.monitoring.models import Binding, DeviceConflict, JournalHour, Measure, TrackExport
from sifang.people.models import Officer, Person
from sifang.people.purposes import Purpose

Words = Iterator[tuple[str, str]]
CONFLICTS_TOLD = 20

ARTICLES = ("社区矫正法29条", "办法37条", "个人信息保护法28条", "个人信息保护法34条")
READINGS = (
    "三个月从批准之日起计算，末日遇节假日不顺延；措施结束后收到的定位不接收",
    "只由执行地县级社区矫正机构及其负责人、检察机关导出；一次一人，最长 31 天",
)
WAY = (
    "装置报文 → 网关解码、校验 → 准入（专用装置、有效措施、时间和位置合理、未曾收到）→ 围栏引擎判断",
    "同一事务写入加密日志块后才答复装置 → 按小时压缩成本措施的加密分段，逐条核对后删除日志块",
    "整小时日志的散列链入存证 → 写明目的、先留记录再读出 → 本文件",
    "digest 由经度、纬度、装置给出的误差、海拔、速度、方向、状态位、电量、卫星数、来源重新计算",
    "digest 的密钥只在本系统：他人不能伪造，须由本系统验证",
)
PROVES = (
    "能说明：每条定位由登记的专用装置在有效措施内报来，存放和读出过程有认证加密和散列核对",
    "能说明：谁、何时、为什么、为哪个案卷导出，已先留记录；此后的改动可用 SHA-256 和存证记录发现",
    "不能说明：装置时钟是否准确（received_at 是服务器时间，可以比对）；佩戴装置的是否本人",
    "不能说明：装置所报位置是否真实。误差半径只以 68% 的概率包含真实位置，标明推定的不是装置给出的",
    "不能说明：是否违反规定。verdict 是当时的技术判断，受定位误差和界线误差影响",
    "尚未完成四方见证：共同签署的存证日志尚未启用，存证记录目前只在本系统内，承诺值可由各方摘录保存",
)


def local(moment: datetime | None) -> str:
    """An instant in Beijing time, to the second."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S 北京时间") if moment else ""


def measures_with_devices(person: Person, frm: datetime, to: datetime) -> list[Measure]:
    """Return the person's measures whose term touches the span, oldest first, with all that is told."""
    worn = Prefetch("bindings", Binding.objects.select_related("device__model").order_by("bound_at"))
    found = Measure.objects.filter(person_id=person.id, approved_at__lt=to, ends_at__gt=frm)
    return list(
        found.select_related("proof", "order", "approver__agency", "extends")
        .prefetch_related(worn)
        .order_by("approved_at")
    )


def chain_words(
    export: TrackExport, person: Person, officer: Officer, measures: Sequence[Measure], commitment: bytes
) -> Words:
    """Yield what stands before the first fix."""
    for key, value in _words_before(export, person, officer, measures, commitment):
        yield plain(key), plain(value)


def _words_before(
    export: TrackExport, person: Person, officer: Officer, measures: Sequence[Measure], commitment: bytes
) -> Words:
    purpose = Purpose(export.purpose)
    yield "文件", "四方：电子定位轨迹导出（供司法程序使用）"
    yield "坐标系", "WGS-84，度，经度与纬度分列；未作任何偏移"
    yield "起止", f"{local(export.span_from)}（含）至 {local(export.span_to)}（不含），按装置时间 taken_at"
    yield "导出编号", str(export.id)
    yield "软件版本", _version()
    yield "导出人", officer.name
    yield "导出机关", officer.agency.name if officer.agency else ""
    yield "目的", f"{purpose.title}（{_cited(purpose.article)}）"
    yield "案卷文书号", export.document_no
    yield "理由", export.reason
    yield "申请时间", local(export.asked_at)
    yield "查看记录", str(export.read_id)
    yield "存证记录（申请）", str(export.ledger_id)
    yield "存证承诺值（申请）", commitment.hex()
    yield "对象.矫正编号", person.number
    yield "对象.姓名", person.name
    yield "对象.执行地县级机构", person.county_agency.name
    for place, measure in enumerate(measures, 1):
        yield from ((f"措施{place}.{key}", value) for key, value in _measure(measure))
    for place, binding in enumerate((b for m in measures for b in m.bindings.all()), 1):
        yield from ((f"佩戴{place}.{key}", value) for key, value in _binding(binding))
    for place, one in enumerate(ARTICLES, 1):
        yield f"依据{place}", f"{_cited(one)}：{article(one).gist}"
    for title, texts in (("我方理解", READINGS), ("从装置到本页", WAY), ("证明力", PROVES)):
        yield from ((f"{title}{place}", text) for place, text in enumerate(texts, 1))
    yield from ((f"列 {name}", meaning) for name, meaning in COLUMNS.items())


def _measure(measure: Measure) -> Words:
    order, head = measure.order, measure.approver
    yield "编号", str(measure.number)
    yield "登记号", str(measure.id)
    yield "所依决定", f"{order.document_no}（{order.get_type_display()}，{order.document_date}）"
    yield "法定情形", f"{measure.get_ground_display()}（社区矫正法29条1款{measure.ground}项，已核对）"
    yield "证明文书", f"{measure.proof.document_no}（{measure.proof.document_date}）"
    yield "批准人", f"{head.agency.name if head.agency else ''} {head.name}"
    yield "批准时间", local(measure.approved_at)
    yield "止（不含）", local(measure.ends_at)
    yield "书面告知", local(measure.told_at)
    if measure.ended_at:
        yield "提前解除", f"{local(measure.ended_at)}，{measure.end_reason}"
    if measure.extends_id and measure.extends:
        yield "延长自措施", str(measure.extends.number)


def _binding(binding: Binding) -> Words:
    device, model = binding.device, binding.device.model
    yield "装置键", hexadecimal(binding.device_id.int & (2**64 - 1))
    yield "终端号", device.terminal_id
    yield (
        "厂商型号",
        f"{model.maker} {model.model}（{model.get_kind_display()}，{model.get_protocol_display()}）",
    )
    yield "检测报告", f"{model.test_report_no}（{model.tested_on}）"
    yield "登记", local(device.registered_at)
    yield "佩戴", f"{local(binding.bound_at)} 至 {local(binding.unbound_at) or '仍在佩戴'}"


def _cited(citation: str) -> str:
    found = article(citation)
    return f"{citation}，{found.mark_title}"


def _version() -> str:
    try:
        return f"sifang {metadata.version('sifang')}"
    except metadata.PackageNotFoundError:
        return "sifang（未安装的源代码）"


@dataclass
class Seen:
    """What the fixes of an export were, counted as they went by."""

    count: int = 0
    assumed: int = 0
    late: int = 0
    replayed: int = 0
    unlocated: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    hours: set[str] = field(default_factory=set)  # UTC YYYYMMDDHH of receipt

    def take(self, row: dict[str, str]) -> None:
        """Count one fix."""
        self.count += 1
        self.assumed += row["accuracy_assumed"] == "1"
        self.late += row["late"] == "1"
        self.replayed += row["replayed"] == "1"
        self.unlocated += not row["lon_wgs84_deg"]
        self.verdicts[row["verdict"]] = self.verdicts.get(row["verdict"], 0) + 1
        self.hours.add(row["received_at"][:13].replace("-", "").replace("T", ""))

    def kept_in(self, sources: Iterable[Source]) -> None:
        """Remember where fixes were kept."""
        self.sources |= {name_of(source): source for source in sources}


def end_words(export: TrackExport, seen: Seen, at: datetime, using: str = "reader") -> Words:
    """Yield what is known after the last fix: counts, places with their SHA-256, hash chains of the hours."""
    yield "定位条数", str(seen.count)
    yield "误差为推定", str(seen.assumed)
    yield "晚到", str(seen.late)
    yield "盲区补传", str(seen.replayed)
    yield "没有位置", str(seen.unlocated)
    for verdict in sorted(seen.verdicts):
        yield f"判断 {verdict}", str(seen.verdicts[verdict])
    yield "同一装置同一秒有两种内容", _conflicts(export, using)
    for name, source in sorted(seen.sources.items()):
        what = "加密块" if source.block is not None else "分段明文"
        yield f"存放 {name}", f"{what} SHA-256 {source.sha256.hex()}"
    heads = {row.hour: row for row in JournalHour.objects.using(using).filter(hour__in=sorted(seen.hours))}
    for hour in sorted(seen.hours):
        yield f"收到小时 {hour} UTC", _head(heads.get(hour))
    yield "导出完成", local(at)


def _conflicts(export: TrackExport, using: str) -> str:
    """The seconds for which a device worn by the person told two things: perhaps it has a double."""
    found = DeviceConflict.objects.using(using).filter(
        device__bindings__measure__person_id=export.person_id,
        taken_at__gte=export.span_from,
        taken_at__lt=export.span_to,
    )
    times = [
        f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in found.order_by("taken_at").values_list("taken_at", flat=True)
    ]
    more = f" 等 {len(times)} 处" if len(times) > CONFLICTS_TOLD else ""
    return f"{' '.join(times[:CONFLICTS_TOLD])}{more}（可能有两台装置使用同一身份）" if times else "没有"


def _head(row: JournalHour | None) -> str:
    if row is None or row.head is None:
        return "尚未压缩，散列链尚未形成"
    return f"日志散列链 {bytes(row.head).hex()}，{row.blocks} 块，已入存证（整小时，含边界上前后数秒收到的）"
