"""Why person-level data is read. Each purpose has its words and its article; the person sees both."""

from enum import StrEnum


class Purpose(StrEnum):
    """A purpose an officer may name; `title` is what pages show, `article` what it rests on."""

    DAILY = "daily"
    DUTY = "duty"
    VERIFY_ALARM = "verify_alarm"
    MEASURE = "measure"
    REVIEW = "review"
    OBJECTION = "objection"
    EVIDENCE = "evidence"
    RECEPTION = "reception"
    PAPERS = "papers"
    PROCURATE = "procurate"
    SEALED = "sealed"
    OPERATE = "operate"
    OWN = "own"
    DEMO = "demo"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is of no use here
        """The words on pages."""
        return _WORDS[self][0]

    @property
    def article(self) -> str:
        """The article it rests on, as `law.articles` knows it."""
        return _WORDS[self][1]

    @property
    def mark(self) -> str:
        """How well that article is known: verified, recalled, excerpt, reading or local."""
        from sifang.law.articles import article

        return article(self.article).mark


_WORDS: dict[Purpose, tuple[str, str]] = {
    Purpose.DAILY: ("日常监督", "社区矫正法26条"),
    Purpose.DUTY: ("指挥值班", "社区矫正法29条"),
    Purpose.VERIFY_ALARM: ("核实报警", "社区矫正法29条"),
    Purpose.MEASURE: ("办理电子定位措施", "社区矫正法29条"),
    Purpose.REVIEW: ("复核是否仍有必要使用定位装置", "社区矫正法29条"),
    Purpose.OBJECTION: ("回应本人的异议或申诉", "社区矫正法34条"),
    Purpose.EVIDENCE: ("向办案机关提供轨迹证据", "社区矫正法29条"),
    Purpose.RECEPTION: ("接收和登记", "社区矫正法22条"),
    Purpose.PAPERS: ("收发机构之间的文书和通知", "社区矫正法8条"),
    Purpose.PROCURATE: ("法律监督", "社区矫正法8条"),
    Purpose.SEALED: ("依法查询封存的犯罪记录", "刑事诉讼法286条"),
    Purpose.OPERATE: ("系统运行维护", "个人信息保护法51条"),
    Purpose.OWN: ("本人查阅", "个人信息保护法45条"),
    Purpose.DEMO: ("演示", "个人信息保护法51条"),
}


class SystemPurpose(StrEnum):
    """Work without an officer; each belongs to one database role."""

    MIGRATION = "migration"
    WATCH = "watch"
    LIVE = "live"
    RECONCILE = "reconcile"
    DELIVER = "deliver"
    COMPARE = "compare"
    COMPACT = "compact"
    RETAIN = "retain"
