"""张三: the course that the pages were drawn with, on days counted from his judgment."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sifang.kernel.time import legal_day
from sifang.ops.demo.course import Life
from sifang.ops.demo.persons import Entry
from sifang.ops.demo.plans import team
from sifang.ops.demo.positioning import plan_positioning

REPORTS = (32, 62, 91, 119)


def plan_zhangsan(life: Life, entry: Entry) -> None:
    """Plan the course of the mock-up; the judgment took effect 132 days ago."""
    since = entry.order.effective_on

    def on(days: int, hour: float, name: str, step: str, **more: Any) -> None:
        life.plan(since + timedelta(days=days), hour, lambda at: life.take(at, name, step, **more))

    on(1, 10, "handover", "notify")
    on(3, 9, "handover", "serve")
    on(3, 14, "handover", "accept_papers", papers_came_on=(since + timedelta(days=3)).isoformat())
    on(3, 16, "handover", "receipt")
    on(6, 8.5, "intake", "report")
    on(6, 9.2, "intake", "verify_identity")
    on(6, 10, "intake", "receive")
    on(6, 14, "intake", "open_file")
    on(6, 15, "exit_control", "file")
    on(8, 9, "team", "form", members=team(life), signed_on=(since + timedelta(days=8)).isoformat())
    on(8, 10, "intake", "announce", attended=team(life))
    on(10, 10, "plan", "adopt", help_given="就业为先：电工培训和就业推荐；房租纠纷寻求法律援助")
    on(10, 15, "category", "assign", reasons="初犯，罪行较轻，家庭支持良好；按普通管理（演示）")
    on(99, 10, "category", "keep", reasons="新岗位稳定，按时报告；类别不变（演示）")
    on(119, 15, "plan", "revise", reasons="已就业，方案随之调整（演示）", measures_now="走访改在下班后")
    for days in REPORTS:
        on(
            days,
            18,
            "report",
            "file",
            conduct="遵守规定；在某物业公司做电工",
            observance="没有进入禁止进入的场所",
        )
    for days in (20, 55, 90, 118):
        on(days, 19, "check", "visit", found="在家，与本人所述一致")
    _leave(life, since)
    _help(life, since)
    if entry.ground is not None:
        plan_positioning(life, entry)


def _leave(life: Life, since: date) -> None:
    first, last = since + timedelta(days=33), since + timedelta(days=36)

    def ask(at: datetime) -> None:
        run = life.take(
            at,
            "leave",
            "apply",
            purpose="medical",
            destination="北京市某医院",
            leaves_on=first.isoformat(),
            returns_on=last.isoformat(),
        ).proceeding
        life.plan(first - timedelta(days=3), 10, lambda at: life.take(at, "leave", "approve", run=run))
        back = last.isoformat()
        life.plan(last, 17, lambda at: life.take(at, "leave", "confirm_return", run=run, returned_on=back))

    life.plan(since + timedelta(days=29), 10, ask)


def _help(life: Life, since: date) -> None:
    """Needs and education: work, legal aid, insurance, counselling (not wanted), a voluntary activity."""
    today = life.world.today
    in_days = (today - since).days

    def need(days: int, kind: str, words: str, *steps: tuple[int, str, dict[str, str]]) -> None:
        def begin(at: datetime) -> None:
            run = life.take(at, "need", "raise_self", kind=kind, words=words).proceeding
            for when, step, more in steps:
                life.plan(since + timedelta(days=when), 10, _step(life, step, run, more))

        life.plan(since + timedelta(days=days), 9, begin)

    work = {"helper": "历下区人力资源和社会保障局", "asked": "安排电工培训和就业推荐"}
    need(
        66, "work", "愿意学电工，希望找到稳定工作",
        (67, "consent", {}), (68, "refer", work), (72, "answer", {"answer": "安排低压电工培训"}),
        (98, "milestone", {"milestone": "培训结业，取得低压电工证"}),
        (101, "finish", {"result": "到某物业公司上岗，电工"}),
    )  # fmt: skip
    legal = {"helper": "历下区法律援助中心", "asked": "房租纠纷的法律帮助"}
    need(
        115, "legal", "询问房租纠纷",
        (116, "consent", {}), (117, "refer", legal), (125, "answer", {"answer": "已指派律师"}),
        (128, "finish", {"result": "律师已联系本人"}),
    )  # fmt: skip
    insurance = {"helper": "历下区人力资源和社会保障局", "asked": "换单位后中断一个月，协助续缴"}
    need(
        in_days - 10, "insurance", "续缴养老保险",
        (in_days - 9, "consent", {}), (in_days - 8, "refer", insurance),
    )  # fmt: skip
    need(88, "mind", "司法所建议心理辅导", (90, "decline", {}))
    for days, words in (
        (16, "线上法治教育第一课"),
        (25, "第二课"),
        (34, "第三课"),
        (45, "第一阶段完成"),
        (124, "线上法治教育"),
    ):
        life.plan(since + timedelta(days=days), 19, _teach(life, words))
    life.plan(today - timedelta(days=3), 10, lambda at: _activity(life, at, today + timedelta(days=6)))


def _step(life: Life, step: str, run: Any, more: dict[str, str]) -> Callable[[datetime], object]:
    return lambda at: life.take(at, "need", step, run=run, **more)


def _teach(life: Life, words: str) -> Callable[[datetime], object]:
    return lambda at: life.take(at, "education", "collective", form="online", theme=words)


def _activity(life: Life, at: datetime, held: date) -> None:
    run = life.take(
        at, "activity", "offer", what="社区图书整理", held_on=held.isoformat(), hours=2
    ).proceeding
    day = legal_day(at)
    life.plan(day, 15, lambda at: life.take(at, "activity", "agree", run=run, healthy="yes"))
    life.plan(day + timedelta(days=1), 10, lambda at: life.take(at, "activity", "assess", run=run, fit="yes"))
    life.plan(day + timedelta(days=2), 10, lambda at: life.take(at, "activity", "book", run=run))
