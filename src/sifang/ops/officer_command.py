"""`sifang officer` and `sifang agency`: how the first accounts of an installation come to be.

The operator at the server registers agencies, the administrators and, if wished, everybody else; a new
account gets a one-time password, printed once, and registers its second factor at the first sign-in.
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sifang.people.models import Agency


def officer(words: list[str]) -> int:
    """Add an officer's account or give it a new one-time password. Raises BadInput, NotFound."""
    parser = argparse.ArgumentParser(prog="sifang officer", description="工作人员账号")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|password|list")
    add = verbs.add_parser("add", help="登记人员，打印一次性口令")
    add.add_argument("username", metavar="登录名")
    add.add_argument("--name", required=True, metavar="姓名")
    add.add_argument("--agency", required=True, metavar="机构", help="机构全名，见 sifang agency list")
    add.add_argument("--role", required=True, metavar="岗位", help="如 security_admin、county_officer")
    again = verbs.add_parser("password", help="重设：新的一次性口令，第二步须重新登记")
    again.add_argument("username", metavar="登录名")
    verbs.add_parser("list", help="账号、机构和岗位")
    asked = parser.parse_args(words)
    _django()
    return {"add": _add, "password": _password, "list": _list}[asked.verb](asked)


def agency(words: list[str]) -> int:
    """Register an agency, or list them. Raises BadInput."""
    from sifang.kernel.errors import BadInput

    parser = argparse.ArgumentParser(prog="sifang agency", description="机构")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list")
    add = verbs.add_parser("add", help="登记机构")
    add.add_argument("name", metavar="名称")
    add.add_argument("--kind", required=True, metavar="类别", help="如 justice_bureau、justice_office、court")
    add.add_argument("--level", required=True, metavar="层级", help="province、city、county、township")
    add.add_argument("--area", required=True, metavar="代码", help="行政区划代码：市 370100，县区 370102")
    add.add_argument("--parent", metavar="上级", help="上级机构全名")
    verbs.add_parser("list", help="已登记的机构")
    asked = parser.parse_args(words)
    _django()
    from sifang.people.models import Agency, AgencyKind, Level
    from sifang.people.services import register_agency

    if asked.verb == "list":
        for one in Agency.objects.order_by("area_code", "kind", "name"):
            sys.stdout.write(f"{one.area_code}  {one.kind:<16} {one.level:<9} {one.name}\n")
        return 0
    if asked.kind not in AgencyKind.values or asked.level not in Level.values:
        raise BadInput(reason=f"类别是 {'、'.join(AgencyKind.values)}；层级是 {'、'.join(Level.values)}")
    if Agency.objects.filter(name=asked.name).exists():
        raise BadInput(reason=f"已有机构 {asked.name}")
    parent = _agency_named(asked.parent) if asked.parent else None
    register_agency(asked.name, AgencyKind(asked.kind), Level(asked.level), asked.area, parent=parent)
    sys.stdout.write(f"已登记机构：{asked.name}\n")
    return 0


def _django() -> None:
    os.environ["SIFANG_PROCESS"] = "owner"
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"

    import django

    django.setup()


def _add(asked: argparse.Namespace) -> int:
    from sifang.kernel.errors import BadInput
    from sifang.people.accounts import open_account
    from sifang.people.models import Role

    if asked.role not in Role.values or asked.role == Role.PERSON:
        raise BadInput(reason=f"岗位是 {'、'.join(r for r in Role.values if r != Role.PERSON)} 之一")
    made, word = open_account(None, asked.username, asked.name, _agency_named(asked.agency), Role(asked.role))
    return _show(made.username, word)


def _password(asked: argparse.Namespace) -> int:
    from django.db import transaction

    from sifang.kernel.errors import BadInput
    from sifang.people.accounts import reset_password
    from sifang.people.models import Officer
    from sifang.web.signin.enrol import forget_factors

    found = Officer.objects.filter(username=asked.username, person=None).first()
    if found is None:
        raise BadInput(reason=f"没有登录名 {asked.username}")
    with transaction.atomic():
        word = reset_password(None, found)
        forget_factors(found)
    return _show(found.username, word)


def _show(username: str, word: str) -> int:
    sys.stdout.write(f"登录名 {username}\n一次性口令 {word}\n")
    sys.stdout.write("72 小时内有效，只显示这一次。第一次登录时换成自己的口令，并登记动态口令。\n")
    return 0


def _list(_asked: argparse.Namespace) -> int:
    from sifang.kernel.time import utc_now
    from sifang.people.models import Officer, active_roles

    now = utc_now()
    for one in Officer.objects.filter(person=None).select_related("agency").order_by("username"):
        state = "" if one.is_active else "（已停用）"
        where = one.agency.name if one.agency else "—"
        sys.stdout.write(f"{one.username}  {one.name}  {where}  {'、'.join(active_roles(one, now))}{state}\n")
    return 0


def _agency_named(name: str) -> "Agency":
    from sifang.kernel.errors import BadInput
    from sifang.people.models import Agency

    found = Agency.objects.filter(name=name).first()
    if found is None:
        raise BadInput(
            reason=f"没有机构 {name}；先登记：sifang agency add {name} --kind … --level … --area …"
        )
    return found
