"""The agencies and officers of the demonstration: Jinan's twelve districts and counties, four parties.

Names of streets and towns are public; officers are invented (甲局, 乙科 …). Only the sign-ins of DESIGN
§ 15 have a password.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password

from sifang.people.models import Agency, AgencyKind, Level, Officer, Role, RoleGrant

CITY = "370100"
PASSWORD = "sifang-demo"  # noqa: S105 (public, demonstration and loopback only)
STEMS = "甲乙丙丁戊己庚辛壬癸子丑"


@dataclass(frozen=True)
class County:
    """A district or county: code, full and short name, share of the persons, its justice offices."""

    code: str
    name: str
    short: str
    weight: int
    offices: tuple[str, ...]


def _county(code: str, name: str, weight: int, offices: str) -> County:
    return County(code, name, name[:-1], weight, tuple(offices.split()))


COUNTIES = (
    _county("370102", "历下区", 380, "趵突泉 泉城路 大明湖 东关 文东 建新 甸柳 燕山 姚家 千佛山 智远 龙洞"),
    _county(
        "370103", "市中区", 330, "大观园 杆石桥 四里村 魏家庄 二七 七里山 六里山 舜玉 泺源 王官庄 白马山"
    ),
    _county(
        "370104", "槐荫区", 300, "振兴街 中大槐树 道德街 西市场 五里沟 营市街 青年公园 南辛庄 段店北路 兴福"
    ),
    _county("370105", "天桥区", 330, "无影山 天桥东街 北村 南村 堤口路 北坦 制锦市 宝华街 官扎营 药山 泺口"),
    _county("370112", "历城区", 420, "山大路 洪家楼 东风 全福 华山 荷花路 王舍人 鲍山 郭店 唐冶 港沟 仲宫"),
    _county("370113", "长清区", 260, "文昌 崮云湖 平安 五峰山 归德 万德 孝里 张夏"),
    _county("370114", "章丘区", 380, "明水 双山 圣井 枣园 埠村 龙山 刁镇 相公庄 普集 绣惠"),
    _county("370115", "济阳区", 200, "济阳 济北 回河 孙耿 崔寨 曲堤 太平"),
    _county("370116", "莱芜区", 330, "凤城 张家洼 高庄 鹏泉 口镇 羊里 雪野 苗山"),
    _county("370117", "钢城区", 130, "艾山 里辛 汶源 颜庄 辛庄 棋山"),
    _county("370124", "平阴县", 120, "榆山 锦水 东阿 孝直 玫瑰 安城"),
    _county("370126", "商河县", 112, "许商 玉皇庙 殷巷 怀仁 龙桑寺 郑路"),
)


@dataclass
class Organs:
    """What was made, by name or county code."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    officers: dict[str, Officer] = field(default_factory=dict)
    offices: dict[str, list[Agency]] = field(default_factory=dict)
    heads: dict[str, Officer] = field(default_factory=dict)
    clerks: dict[str, Officer] = field(default_factory=dict)

    def bureau(self, county: County) -> Agency:
        """The county justice bureau, which is the county corrections agency."""
        return self.agencies[f"{county.name}司法局"]

    def police(self, county: County) -> Agency:
        """The police of the county."""
        return self.agencies[police_name(county)]

    def court(self, county: County) -> Agency:
        """The county court."""
        return self.agencies[f"{county.name}人民法院"]


def police_name(county: County) -> str:
    """Return what the police of a district or county is called."""
    return f"济南市公安局{county.name}分局" if county.name.endswith("区") else f"{county.name}公安局"


CITY_AGENCIES = (
    ("济南市司法局", AgencyKind.JUSTICE_BUREAU),
    ("济南市人民检察院", AgencyKind.PROCURATORATE),
    ("济南市中级人民法院", AgencyKind.COURT),
    ("济南市公安局", AgencyKind.POLICE),
    ("中共济南市委政法委员会", AgencyKind.COMMITTEE_OFFICE),
    ("济南市看守所", AgencyKind.DETENTION_CENTRE),
)
# sign-in, name, agency, role: DESIGN § 15
SIGN_INS = (
    ("lisuo", "李所", "趵突泉司法所", Role.TOWNSHIP_OFFICER),
    ("wangke", "王科", "历下区司法局", Role.COUNTY_OFFICER),
    ("fengban", "冯班", "济南市司法局", Role.DUTY_OFFICER),
    ("zhengju", "郑局", "历下区司法局", Role.JUSTICE_HEAD),
    ("zhaojian", "赵检", "历下区人民检察院", Role.PROSECUTOR),
    ("sunjing", "孙警", "济南市公安局历下区分局", Role.POLICE_OFFICER),
    ("qianfa", "钱法", "历下区人民法院", Role.JUDGE),
    ("mishu", "米书", "中共济南市委政法委员会", Role.COMMITTEE_STAFF),
    ("shiju", "市局", "济南市司法局", Role.COUNTY_OFFICER),
    ("jianyu", "监管", "山东省监狱管理局", Role.CUSTODY_OFFICER),
    ("zhouwai", "周外", "商河县司法局", Role.COUNTY_OFFICER),
    ("sysadmin", "系管", "济南市司法局", Role.SYSTEM_ADMIN),
    ("secadmin", "安管", "济南市司法局", Role.SECURITY_ADMIN),
    ("auditor", "审管", "济南市司法局", Role.AUDITOR),
)
LIXIA, SHANGHE = "370102", "370126"


def make_organs(now: datetime) -> Organs:
    """Make every agency and officer; roles run from six years back."""
    organs = Organs()
    _agencies(organs)
    grants = [*_sign_ins(organs), *_county_officers(organs)]
    Officer.objects.bulk_create(organs.officers.values())
    since = now - timedelta(days=6 * 365)
    RoleGrant.objects.bulk_create(
        RoleGrant(officer=officer, role=role, valid_from=since) for officer, role in grants
    )
    return organs


def _agencies(organs: Organs) -> None:
    def add(name: str, kind: AgencyKind, level: Level, code: str, parent: str | None = None) -> Agency:
        above = organs.agencies[parent] if parent else None
        organs.agencies[name] = Agency(name=name, kind=kind, level=level, area_code=code, parent=above)
        return organs.agencies[name]

    add("山东省监狱管理局", AgencyKind.PRISON, Level.PROVINCE, "370000")
    add("济南监狱（演示）", AgencyKind.PRISON, Level.CITY, CITY, "山东省监狱管理局")
    for name, kind in CITY_AGENCIES:
        add(name, kind, Level.CITY, CITY)
    for county in COUNTIES:
        bureau = f"{county.name}司法局"
        add(bureau, AgencyKind.JUSTICE_BUREAU, Level.COUNTY, county.code, "济南市司法局")
        add(
            f"{county.name}人民检察院",
            AgencyKind.PROCURATORATE,
            Level.COUNTY,
            county.code,
            "济南市人民检察院",
        )
        add(f"{county.name}人民法院", AgencyKind.COURT, Level.COUNTY, county.code, "济南市中级人民法院")
        add(police_name(county), AgencyKind.POLICE, Level.COUNTY, county.code, "济南市公安局")
        organs.offices[county.code] = [
            add(f"{one}司法所", AgencyKind.JUSTICE_OFFICE, Level.TOWNSHIP, county.code, bureau)
            for one in county.offices
        ]
    Agency.objects.bulk_create(organs.agencies.values())


def _sign_ins(organs: Organs) -> list[tuple[Officer, Role]]:
    password = make_password(PASSWORD)  # once: the word is public, the same salt tells nothing
    grants = []
    for username, name, agency, role in SIGN_INS:
        officer = Officer(username=username, name=name, agency=organs.agencies[agency], is_demo=True)
        officer.password = password
        organs.officers[username] = officer
        grants.append((officer, role))
    organs.heads[LIXIA], organs.clerks[LIXIA] = organs.officers["zhengju"], organs.officers["wangke"]
    organs.clerks[SHANGHE] = organs.officers["zhouwai"]
    return grants


def _county_officers(organs: Organs) -> list[tuple[Officer, Role]]:
    grants: list[tuple[Officer, Role]] = []

    def add(key: str, name: str, agency: Agency, role: Role) -> Officer:
        officer = Officer(username=key, name=name, agency=agency, is_demo=True)
        officer.set_unusable_password()
        organs.officers[key] = officer
        grants.append((officer, role))
        return officer

    court, prison = organs.agencies["济南市中级人民法院"], organs.agencies["济南监狱（演示）"]
    add("judge-370100", "中法", court, Role.JUDGE)
    add("custody-370100", "济监", prison, Role.CUSTODY_OFFICER)
    for stem, county in zip(STEMS, COUNTIES, strict=True):
        bureau = organs.bureau(county)
        head, clerk = f"head-{county.code}", f"clerk-{county.code}"
        if county.code not in organs.heads:
            organs.heads[county.code] = add(head, f"{stem}局", bureau, Role.JUSTICE_HEAD)
        if county.code not in organs.clerks:
            organs.clerks[county.code] = add(clerk, f"{stem}科", bureau, Role.COUNTY_OFFICER)
        procuratorate = organs.agencies[f"{county.name}人民检察院"]
        add(f"prosecutor-{county.code}", f"{stem}检", procuratorate, Role.PROSECUTOR)
        add(f"judge-{county.code}", f"{stem}法", organs.court(county), Role.JUDGE)
        if county.code != LIXIA:
            add(f"police-{county.code}", f"{stem}警", organs.police(county), Role.POLICE_OFFICER)
        for place, office in enumerate(organs.offices[county.code], 1):
            if office.name != "趵突泉司法所":
                add(f"office-{county.code}-{place:02}", f"{stem}所{place}", office, Role.TOWNSHIP_OFFICER)
    return grants
