"""A lived course for the pages' tests: 张三 from the judgment to a leave, with help, one declined offer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sifang.cases.acts import Wish, take
from sifang.cases.effects import start_course
from sifang.cases.models import Act, Case
from sifang.kernel.time import legal_day, utc_now
from tests.personae import City

KNOWN = {"reasons", "remedy", "proceeding", "at"}


@dataclass
class Course:
    """One case and the officers who act in it."""

    city: City
    name: str = "张三"

    def does(self, officer: str, procedure: str, step: str, **more: Any) -> Act:
        """Take a step as this officer."""
        known = {key: value for key, value in more.items() if key in KNOWN}
        answers = {key: value for key, value in more.items() if key not in KNOWN}
        case = self.city.cases[self.name]
        return take(self.city[officer], case.id, Wish(procedure, step, answers, **known))

    def begins(self) -> None:
        """Open the two tracks of hand-over and reception."""
        with self.city.acting("王科"):
            start_course(Case.objects.get(id=self.city.cases[self.name].id))

    def asks_for_leave(self, days: int = 10, by: str = "李所") -> Act:
        """Ask for leave from the fifth day on."""
        first = legal_day(utc_now()) + timedelta(days=5)
        return self.does(
            by,
            "leave",
            "apply",
            purpose="medical",
            destination="北京市",
            leaves_on=first.isoformat(),
            returns_on=(first + timedelta(days=days - 1)).isoformat(),
            proof="门诊预约单",
        )

    def lives(self) -> None:
        """From the papers to a plan, a leave and help."""
        today = legal_day(utc_now())
        self.begins()
        self.does("钱法", "handover", "notify")
        self.does(
            "钱法", "handover", "serve", papers_list="判决书、执行通知书、结案登记表、接收社区矫正保证书"
        )
        self.does(
            "王科", "handover", "accept_papers", papers_came_on=today.isoformat(), papers_list="四份，齐全"
        )
        self.does("李所", "intake", "report")
        self.does("王科", "intake", "verify_identity", identity_by="身份证、指纹")
        self.does("王科", "intake", "receive")
        self.does(
            "王科",
            "team",
            "form",
            members=[
                {"name": "李所", "kind": "司法所工作人员", "sex": "m"},
                {"name": "刘梅", "kind": "村（居）民委员会人员", "sex": "f"},
                {"name": "张父", "kind": "家庭成员", "sex": "m"},
            ],
            signed_on=today.isoformat(),
        )
        self.does(
            "王科",
            "plan",
            "adopt",
            basics="高中文化，原在物业公司工作，现待业",
            assessment="家庭支持较好，就业困难",
            special="无特殊情况",
            supervision="每月报告一次（本市做法）",
            help_given="就业为先：介绍电工培训",
        )
        need = self.does("王科", "need", "raise", kind="work", words="愿学电工")
        self.does(
            "李所", "need", "consent", agreed_content="姓名、联系方式、学历", proceeding=need.proceeding_id
        )
        self.does(
            "王科",
            "need",
            "refer",
            helper="历下区人社局",
            asked="安排电工培训",
            proceeding=need.proceeding_id,
        )
        self.does(
            "李所",
            "need",
            "answer",
            answered_by="人社局王某，电话",
            answer="安排培训，下月开班",
            proceeding=need.proceeding_id,
        )
        mind = self.does("王科", "need", "raise", kind="mind", words="睡眠不好，提供心理辅导")
        self.does("李所", "need", "decline", proceeding=mind.proceeding_id)
        self.does("王科", "need", "raise", kind="insurance", words="换单位后养老保险中断 1 个月")
        self.does(
            "王科",
            "education",
            "individual",
            theme="工作适应、还款计划",
            fitted="安排在下班后",
            noted="愿意学习，正在找工作",
        )
        offer = self.does(
            "王科",
            "activity",
            "offer",
            what="社区图书整理",
            where="趵突泉街道图书室",
            held_on=(today + timedelta(days=6)).isoformat(),
            hours=2,
            demands="坐姿，室内",
        )
        self.does("李所", "activity", "agree", healthy="yes", proceeding=offer.proceeding_id)
        leave = self.asks_for_leave()
        self.does("王科", "leave", "approve", proceeding=leave.proceeding_id)
        other = self.asks_for_leave(3)
        self.does("李所", "leave", "withdraw", proceeding=other.proceeding_id)
