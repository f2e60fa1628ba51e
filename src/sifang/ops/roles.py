"""The five database roles, their passwords, and what each may do; none may pass row-level security.

owner: migrations and seeding. app: web. watch: gateways and engine. reader: reads journal after a record.
jobs: deliveries and clocks. Made by the embedded cluster's superuser, or by the role that
`SIFANG_DATABASE_URL` names (it needs CREATEROLE). Works alike on PostgreSQL 15 to 18.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from sifang.kernel.errors import SifangError
from sifang.ops.secret_files import kept_mapping, private_folder, write_private

ROLES = ("owner", "app", "watch", "reader", "jobs")
WORKERS = ("app", "watch", "jobs")
DATABASE = "sifang"

# Tables whose rows are facts: inserted once, never changed by the processes.
INSERT_ONLY = (
    "people_readrecord",
    "people_sealing",
    "people_unsealing",
    "people_termresolution",
    "cases_registerimport",
    "cases_takenover",
    "cases_takendocument",
    "cases_caseexport",
    "monitoring_alarmact",
    "monitoring_alarmreview",
    "monitoring_retentionpolicy",
    "monitoring_retentionrun",
    "monitoring_trackexport",
    "monitoring_trackexportend",
    "ledger_pending",
)
# Raised by triggers only (they run as the owner); migrations are the owner's.
VERSION_ROW = ("monitoring_measuresversion", "django_migrations")
# Sign-ins and their secrets: the pages' business alone.
SECRETS = (
    "people_officer",
    "django_session",
    "otp_totp_totpdevice",
    "web_passkey",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
)
# Who may do what, and what a device is: read by the watch and the jobs, written by officers' acts alone.
OFFICERS_WRITE = (
    "people_agency",
    "people_rolegrant",
    "people_delegation",
    "people_share",
    "people_termresolution",
    "people_numbering",
    "people_guardian",
    "people_alias",
    "people_sealing",
    "people_unsealing",
    "people_person",
    "people_order",
    "cases_registerimport",
    "cases_takenover",
    "cases_takendocument",
    "cases_caseexport",
    "monitoring_device",
    "monitoring_devicemodel",
    "monitoring_boundaryline",
    "monitoring_proof",
    "monitoring_clauseexception",
    "monitoring_retentionpolicy",
)
# Written by the compaction and the retention alone, which are jobs.
JOBS_WRITE = ("monitoring_trackchunk", "monitoring_journalhour")
READ_RECORDS = "people_readrecord"  # the reader, too, records before it reads


class RolesFailed(SifangError):
    """数据库角色无法建立：{reason}"""

    code = "roles_failed"


def role_name(role: str) -> str:
    """Return the name of a role in the cluster."""
    return f"sifang_{role}"


def passwords(file: Path) -> dict[str, str]:
    """Return the password of each role, making and keeping (0600) those that are missing."""
    known = kept_mapping(file)
    missing = {role: secrets.token_urlsafe(24) for role in ROLES if role not in known}
    if missing:
        private_folder(file.parent)
        write_private(file, json.dumps(known | missing))
    return known | missing


def role_url(admin_url: str, role: str, password: str, database: str | None = None) -> str:
    """Return the URL of a role on the server (and, unless given, the database) of `admin_url`."""
    parts = conninfo_to_dict(admin_url)
    name = database or str(parts.pop("dbname", None) or DATABASE)
    skip = {"user", "password", "dbname", "passfile"}
    query = "&".join(
        f"{key}={quote(str(value), safe='')}"
        for key, value in parts.items()
        if key not in skip and value is not None
    )
    return (
        f"postgresql://{role_name(role)}:{quote(password, safe='')}@/{quote(name, safe='')}"
        f"{'?' + query if query else ''}"
    )


def make_roles(admin: psycopg.Connection, words: Mapping[str, str]) -> None:
    """Create the roles that are missing and set every password. Raises RolesFailed."""
    try:
        for role in ROLES:
            _make_role(admin, role_name(role), words[role])
    except psycopg.errors.InsufficientPrivilege as error:
        raise RolesFailed(reason=f"该账号需要 CREATEROLE 权限（{error.diag.message_primary}）") from error


def _make_role(admin: psycopg.Connection, name: str, password: str) -> None:
    found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER ROLE {}" if found else "CREATE ROLE {}").format(sql.Identifier(name))
    # Only a superuser may name SUPERUSER or BYPASSRLS; both are off by default and checked below.
    admin.execute(verb + sql.SQL(" LOGIN NOCREATEDB NOCREATEROLE PASSWORD {}").format(sql.Literal(password)))
    row = admin.execute(
        "SELECT rolsuper OR rolbypassrls OR rolreplication FROM pg_roles WHERE rolname = %s", [name]
    ).fetchone()
    if row is None or row[0]:
        raise RolesFailed(reason=f"角色 {name} 权限过大（SUPERUSER、BYPASSRLS 或 REPLICATION）")


def make_database(admin: psycopg.Connection, name: str) -> bool:
    """Create the database (owned by `sifang_owner`) unless it exists; return whether it was made."""
    owner = sql.Identifier(role_name("owner"))
    if not _is_superuser(admin):
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return False
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
            sql.Identifier(name), owner
        )
    )
    return True


def _is_superuser(admin: psycopg.Connection) -> bool:
    row = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def grant_basics(admin: psycopg.Connection, name: str) -> None:
    """Give the roles their place in the database `name` (the one `admin` is connected to)."""
    owner, database = sql.Identifier(role_name("owner")), sql.Identifier(name)
    try:
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, owner))
        admin.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
    except psycopg.errors.InsufficientPrivilege:  # a managed server: the owner then gets what it needs
        admin.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(database, owner))
        admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner))


def grant_tables(owner: psycopg.Connection) -> None:
    """Give each role what it may do with tables, now and in future migrations; run as the owner."""
    run = owner.execute
    everyone = _names(role for role in ROLES if role != "owner")
    workers, reader = _names(WORKERS), _names(["reader"])
    default = sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public ")
    run(sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    run(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(everyone))
    for scope, tables, sequences in (
        (sql.SQL(""), "ALL TABLES IN SCHEMA public", "ALL SEQUENCES IN SCHEMA public"),
        (default, "TABLES", "SEQUENCES"),
    ):
        run(scope + sql.SQL(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {{}}").format(workers))
        run(scope + sql.SQL(f"GRANT USAGE, SELECT ON {sequences} TO {{}}").format(workers))
        run(scope + sql.SQL(f"GRANT SELECT ON {tables} TO {{}}").format(reader))
    for table in _existing(owner, INSERT_ONLY):
        run(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), workers))
    behind = _names(["watch", "jobs"])
    for table in _existing(owner, SECRETS):
        run(sql.SQL("REVOKE ALL ON {} FROM {}, {}").format(sql.Identifier(table), behind, reader))
    for table in _existing(owner, OFFICERS_WRITE):
        run(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), behind))
    for table in _existing(owner, JOBS_WRITE):
        others = _names(["app", "watch"])
        run(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), others))
    for table in _existing(owner, VERSION_ROW):
        run(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), workers))
    for table in _existing(owner, [READ_RECORDS]):
        run(sql.SQL("GRANT INSERT ON {} TO {}").format(sql.Identifier(table), reader))


def _names(roles: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(role_name(role)) for role in roles)


def _existing(connection: psycopg.Connection, tables: Iterable[str]) -> list[str]:
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY(%s)",
        [list(tables)],
    )
    return [str(row[0]) for row in rows]


def prepare_database(admin_url: str, words: Mapping[str, str], name: str) -> None:
    """Make roles, database and grants; every step may be repeated. Raises RolesFailed."""
    with psycopg.connect(_maintenance_url(admin_url, name), autocommit=True) as admin:
        make_roles(admin, words)
        make_database(admin, name)
    with psycopg.connect(admin_url, dbname=name, autocommit=True) as admin:
        grant_basics(admin, name)
    with psycopg.connect(role_url(admin_url, "owner", words["owner"], name)) as owner:
        grant_tables(owner)


def _maintenance_url(admin_url: str, name: str) -> str:
    """Return a URL one can connect to: the database itself, or `postgres` when it is not made yet."""
    try:
        psycopg.connect(admin_url, dbname=name).close()
    except psycopg.OperationalError:
        return psycopg.conninfo.make_conninfo(admin_url, dbname="postgres")
    return psycopg.conninfo.make_conninfo(admin_url, dbname=name)
