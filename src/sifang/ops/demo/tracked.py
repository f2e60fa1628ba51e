"""The lane-B measures of the demonstration, each through the services, in the names of the right officers.

Proof, approval by the head of the county justice bureau, clauses, notice, fences, device: as the law asks.
"""

import random
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sifang.cases.models import Act
from sifang.kernel.time import legal_day
from sifang.monitoring import boundaries
from sifang.monitoring.models import ClauseKind, DeviceKind, DeviceModel, Ground, Measure
from sifang.monitoring.services.clauses import (
    Place,
    add_boundary_clause,
    add_clause,
    compile_fences,
)
from sifang.monitoring.services.devices import ModelFacts, bind_device, register_device, register_model
from sifang.monitoring.services.measures import approve_measure, make_known, record_proof
from sifang.ops.demo import places
from sifang.ops.demo.agencies import Organs
from sifang.ops.demo.course import Life
from sifang.ops.demo.persons import ZHANGSAN, Entry
from sifang.ops.demo.rows import ActRow
from sifang.people.models import Officer

PROOFS = {
    1: ("警告决定书", "进入判决禁止进入的娱乐场所，情节轻微，给予警告"),
    2: ("违规外出调查记录", "无正当理由，未经批准离开所居住的市、县，经查证属实"),
    3: ("警告决定书", "拒不按照规定报告自己的活动情况，经教育仍不改正，给予警告"),
    4: ("公安行政处罚决定书", "违反监督管理规定，被给予治安管理处罚"),
}
NIGHT = "".join("1" if hour < 6 or hour >= 22 else "0" for hour in range(24)) * 7
HOME_RADIUS_M, SURVEYED_M = 150.0, 10.0
CARRIERS = ("移动", "移动", "联通", "电信")
MODELS = (
    ModelFacts("示例电子", "SF-W2", DeviceKind.WRISTBAND, "jt808", "演示检测-2025-002"),
    ModelFacts("示例电子", "SF-W1", DeviceKind.WRISTBAND, "jt808", "演示检测-2024-011"),
    ModelFacts("范例科技", "FL-A1", DeviceKind.ANKLET, "jt808", "演示检测-2023-007"),
)
VERSIONS = (2019, 2013, 2011)
QUALITY = {"accuracy_m": {"gnss": 8, "wifi": 45, "cell": 300}, "alarm_bits": {"17": "strap"}}
WITH_NIGHT, WITH_STATION = 4, 7  # each so-manieth of those it fits
STATION = ("济南站", (116.991, 36.671), 400.0)


@dataclass
class Track:
    """What the simulator must know about one tracked person's device and life."""

    entry: Entry
    home: places.LonLat
    work: places.LonLat
    crossing: places.Crossing
    shunned: list[tuple[str, places.LonLat, float]] = field(default_factory=list)
    has_night: bool = False
    has_leave: bool = False
    terminal_id: str = ""
    auth_code: str = ""
    imei: str = ""
    iccid: str = ""
    carrier: str = ""
    model: int = 0


def make_models(operator: Officer) -> list[DeviceModel]:
    """Put the purpose-built models of the demonstration on the list, with their test reports."""
    made = []
    for place, facts in enumerate(MODELS):
        columns = {name: getattr(facts, name) for name in ModelFacts.__dataclass_fields__}
        columns |= {"tested_on": date(2025 - place, 6, 18), "quality": QUALITY}
        made.append(register_model(operator, ModelFacts(**columns)))
    return made


class Tracker:
    """Makes one measure after the other; `now` is the moment of seeding."""

    def __init__(self, organs: Organs, now: datetime, chance: random.Random) -> None:
        self._organs, self._now, self._chance = organs, now, chance
        self._models = make_models(organs.officers["sysadmin"])

    def track(self, index: int, entry: Entry, life: Life) -> Track:
        """Approve, make known, compile and bind for one person; return what the simulator needs.

        Measure, proof and exceptions stand on the acts of the life, as if these had made them.
        """
        code = entry.county.code
        home = places.somewhere(code, self._chance)
        work = places.somewhere(code, self._chance, 3_500)
        found = Track(entry, home, work, places.crossing(home, boundaries.area_of(code)))
        clerk, head = self._organs.clerks[code], self._organs.heads[code]
        acts = {act.step: act for act in life.acts if act.procedure == "positioning"}
        measure = self._approved(index, entry, clerk, head, acts["approve"])
        add_boundary_clause(clerk, entry.order)  # a leave that stands is carried over
        self._prohibitions(index, found, clerk, measure)
        make_known(clerk, measure, at=acts["tell"].at)
        compile_fences(clerk, measure)
        self._device(index, found, clerk, measure)
        found.has_leave = entry.has_leave
        return found

    def _approved(self, index: int, entry: Entry, clerk: Officer, head: Officer, act: ActRow) -> Measure:
        assert entry.ground is not None
        approved = act.at
        proves = Act.objects.select_related("proceeding").get(id=act.after["proof"])
        paper, fact = PROOFS[entry.ground]
        proof = record_proof(
            clerk,
            entry.person,
            Ground(entry.ground),
            document_no=f"{entry.county.short}司{paper}〔{approved.year}〕演示{index + 1:03}号",
            document_date=legal_day(proves.at),
            summary=fact,
            established=proves.proceeding,
        )
        reasons = f"{fact}；其他监督方式不足以掌握其活动，经研究有必要使用电子定位装置"
        kept = Act.objects.get(id=act.id)
        return approve_measure(head, entry.order, proof, reasons=reasons, approved_at=approved, act=kept)

    def _prohibitions(self, index: int, found: Track, clerk: Officer, measure: Measure) -> None:
        entry, since = found.entry, measure.approved_at
        if not entry.order.prohibition:
            if index % WITH_STATION == 0:
                self._station(found, clerk, since)
            return
        is_zhangsan = entry.person.number == ZHANGSAN
        for number in range(6 if is_zhangsan else self._chance.randint(1, 2)):
            others = [found.home, found.work, *(where for _, where, _ in found.shunned)]
            where = places.apart(entry.county.code, others, self._chance)
            radius = float(self._chance.choice([120, 160, 200]))
            found.shunned.append((f"某娱乐场所{number + 1}（演示）", where, radius))
        for name, where, radius in found.shunned:
            self._place(entry, clerk, since, name=name, where=where, radius_m=radius)
        if not is_zhangsan and index % WITH_NIGHT == 0:
            self._night(found, clerk, since)

    def _place(
        self,
        entry: Entry,
        clerk: Officer,
        since: datetime,
        *,
        name: str,
        where: places.LonLat,
        radius_m: float,
    ) -> None:
        until = entry.order.prohibition_until
        add_clause(
            clerk,
            entry.order,
            ClauseKind.PROHIBITED_PLACE,
            text=f"不得进入{name}，至 {until:%Y-%m-%d}。",
            article="刑法72条" if entry.order.type == "probation" else "刑法38条",
            source=f"{entry.order.document_no}主文第三项",
            place=self._measured(name, where, radius_m),
            valid_from=since,
        )

    def _night(self, found: Track, clerk: Officer, since: datetime) -> None:
        order = found.entry.order
        add_clause(
            clerk,
            order,
            ClauseKind.TIMETABLE,
            text=f"每日 22 时至次日 6 时应在居所，至 {order.prohibition_until:%Y-%m-%d}。",
            article="刑法72条" if order.type == "probation" else "刑法38条",
            source=f"{order.document_no}主文第三项",
            place=self._measured("居所（演示）", found.home, HOME_RADIUS_M),
            timetable=NIGHT,
            valid_from=since,
        )
        found.has_night = True

    def _station(self, found: Track, clerk: Officer, since: datetime) -> None:
        name, where, radius = STATION
        add_clause(
            clerk,
            found.entry.order,
            ClauseKind.STATION,
            text=f"进入{name}时提醒本人外出须先获批准，并告知经办人；不报警。",
            article="社区矫正法27条",
            source="社区矫正法27条；站区范围为示意",
            place=Place(name, [places.circle(where, radius)], "示意（演示）", legal_day(since), 200.0),
            valid_from=since,
        )

    def _measured(self, name: str, where: places.LonLat, radius_m: float) -> Place:
        surveyed = legal_day(self._now) - timedelta(days=200)
        return Place(name, [places.circle(where, radius_m)], "实地测量（演示）", surveyed, SURVEYED_M)

    def _device(self, index: int, found: Track, clerk: Officer, measure: Measure) -> None:
        found.model = index % len(self._models)
        found.carrier = CARRIERS[index % len(CARRIERS)]
        found.terminal_id = found.entry.terminal_id
        found.auth_code = secrets.token_hex(8)
        found.imei, found.iccid = f"860000000{index + 1:06}", f"8986000000000{index + 1:07}"
        device = register_device(
            clerk,
            self._models[found.model],
            terminal_id=found.terminal_id,
            county_code=found.entry.county.code,
            auth_code=found.auth_code,
            imei=found.imei,
            iccid=found.iccid,
            carrier=found.carrier,
        )
        bind_device(clerk, measure, device, at=self._now - timedelta(hours=1))
