"""Accounts of officers: opened with a one-time password by the security administrator, or by the operator.

The split of administration (DESIGN § 10): the security administrator opens accounts and resets them, in
person and with a second officer of that agency; administrators themselves are registered by the operator
at the server (`sifang officer`). Nobody gets a power by an account alone: the role is granted with it,
dated, and stands in the ledger.
"""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.models import Agency, AgencyKind, Level, Officer, Role, active_roles
from sifang.people.services import grant_role, register_officer

ONE_TIME_FOR = timedelta(hours=72)
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else
GROUPS, GROUP = 5, 4

ROLES_OF: dict[str, tuple[Role, ...]] = {
    AgencyKind.JUSTICE_BUREAU: (Role.COUNTY_OFFICER, Role.DUTY_OFFICER, Role.JUSTICE_HEAD),
    AgencyKind.JUSTICE_OFFICE: (Role.TOWNSHIP_OFFICER,),
    AgencyKind.PROCURATORATE: (Role.PROSECUTOR,),
    AgencyKind.POLICE: (Role.POLICE_OFFICER,),
    AgencyKind.COURT: (Role.JUDGE,),
    AgencyKind.PRISON: (Role.CUSTODY_OFFICER,),
    AgencyKind.DETENTION_CENTRE: (Role.CUSTODY_OFFICER,),
    AgencyKind.COMMITTEE_OFFICE: (Role.COMMITTEE_STAFF,),
}
ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)


def one_time_password() -> str:
    """Return a word of 20 letters in groups of four (about 99 bits), to be replaced at the first sign-in."""
    text = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP))
    return "-".join(text[k : k + GROUP] for k in range(0, len(text), GROUP))


def open_account(
    by: Officer | None, username: str, name: str, agency: Agency, role: Role
) -> tuple[Officer, str]:
    """Open an account with a role of its agency; return it and its one-time password, shown only now.

    `by`: the security administrator; None is the operator at the server, who alone makes administrators.
    Raises BeyondPower for another role, NotFound for an agency outside his area, BadInput.
    """
    if by is not None:
        _need_security_admin(by, agency)
    allowed = ROLES_OF.get(agency.kind, ())
    if by is None and agency.kind == AgencyKind.JUSTICE_BUREAU:
        allowed += ADMINISTRATORS
    if role not in allowed:
        raise BadInput(reason=f"{agency.get_kind_display()}没有“{role.label}”这个岗位")
    if not username.isascii() or not username.isidentifier() or not name.strip():
        raise BadInput(reason="登录名用小写字母、数字和下划线，以字母开头；姓名不能为空")
    word = one_time_password()
    try:
        with transaction.atomic():
            officer = register_officer(username.lower(), name.strip(), agency, password=word)
            officer.password_expires_at = utc_now() + ONE_TIME_FOR
            officer.save(update_fields=["password_expires_at"])
            grant_role(officer, role, valid_from=utc_now())
            _record("account_opened", officer, by, agency=str(agency.id), role=role.value)
    except IntegrityError as taken:
        raise BadInput(reason=f"登录名 {username} 已经有人用了") from taken
    return officer, word


def reset_password(by: Officer | None, officer: Officer, *, second: Officer | None = None) -> str:
    """Give an account a new one-time password; return it. The caller removes the second factors.

    The security administrator needs a `second` officer of that agency who confirms in person. Raises
    BeyondPower, NotFound for an agency outside his area, BadInput.
    """
    if by is not None:
        if officer.agency is None:
            raise NotFound
        _need_security_admin(by, officer.agency)
        if active_roles(officer, utc_now()) & set(ADMINISTRATORS):
            raise BadInput(reason="管理员的账号由运行单位在服务器上重设")
        if second is None or second.id in {by.id, officer.id} or second.agency_id != officer.agency_id:
            raise BadInput(reason="须由本人所在单位的另一名工作人员当面确认")
    word = one_time_password()
    with transaction.atomic():
        officer.set_password(word)
        officer.password_expires_at = utc_now() + ONE_TIME_FOR
        officer.save(update_fields=["password", "password_expires_at"])
        _record("account_reset", officer, by, second=str(second.id) if second else None)
    return word


def replace_password(officer: Officer, password: str) -> None:
    """Put the officer's own password in place of the one-time one. Leaves a ledger row."""
    with transaction.atomic():
        officer.set_password(password)
        officer.password_expires_at = None
        officer.save(update_fields=["password", "password_expires_at"])
        _record("password_replaced", officer, officer)


def agencies_for(by: Officer) -> list[Agency]:
    """Return the agencies whose accounts this security administrator keeps. Raises BeyondPower."""
    if Role.SECURITY_ADMIN not in active_roles(by, utc_now()) or by.agency is None:
        raise BeyondPower(owner="安全管理员", article="网络安全法23条")
    kinds = Agency.objects.filter(kind__in=ROLES_OF).order_by("area_code", "kind", "name")
    return [agency for agency in kinds if _covers(by.agency, agency)]


def _need_security_admin(by: Officer, agency: Agency) -> None:
    if Role.SECURITY_ADMIN not in active_roles(by, utc_now()):
        raise BeyondPower(owner="安全管理员", article="网络安全法23条")
    if by.agency is None or not _covers(by.agency, agency):
        raise NotFound


def _covers(own: Agency, agency: Agency) -> bool:
    """A city's administrator covers the city, a county's the county (by area code)."""
    digits = {Level.PROVINCE.value: 2, Level.CITY.value: 4}.get(own.level, 6)
    return agency.area_code[:digits] == own.area_code[:digits]


def _record(kind: str, officer: Officer, by: Officer | None, **more: str | None) -> None:
    """Leave the ledger row: who did it, to whose account; no name, no password."""
    record(kind, {"officer": str(officer.id), "by": str(by.id) if by else "operator", **more})
