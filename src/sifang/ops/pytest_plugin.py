"""The test database: one throwaway cluster a run, one database a worker, every role as in production.

Loaded by `-p` in pyproject. The controller starts the cluster before Django's settings are read and tells
its workers by the environment. Migrations run as owner; tests run with alias `default` = role app, and the
aliases owner, watch, reader, jobs on the same database. What one alias writes, another sees only after a
commit: such tests say `@pytest.mark.django_db(transaction=True, databases="__all__")`.
With SIFANG_TEST_POSTGRES (a folder of binaries, such as Debian's postgresql-15) the cluster is made by
those; with SIFANG_TEST_DATABASE_URL the tests run on that server (a superuser of a throwaway cluster).
"""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sifang.ops.postgres import Postgres
from sifang.ops.roles import ROLES, grant_tables, make_database, make_roles, passwords, role_url

ADMIN = "SIFANG_TEST_CLUSTER"
SEED = "sf_seed"  # schema that keeps the rows made by migrations, to put back after a flush
UNTOUCHED = {"django_content_type", "auth_permission"}  # Django's own names of models; nothing writes there
_running: list[Any] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)  # a wrapper runs before pytest-django reads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # compiled kernels: one cache for all workers and for every process a test starts
        os.environ.setdefault("NUMBA_CACHE_DIR", str(early_config.rootpath / ".pytest_cache" / "numba"))
        _start()
    return (yield)


def pytest_unconfigure() -> None:
    while _running:
        folder, process = _running.pop()
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _start() -> None:
    """Start the cluster (or take the given one), make the roles, and tell everything by environment."""
    folder = Path(tempfile.mkdtemp(prefix="sft-"))
    folder.chmod(0o711)
    for name in [name for name in os.environ if name.startswith("SIFANG_DATABASE_URL")]:
        del os.environ[name]
    admin = os.environ.get("SIFANG_TEST_DATABASE_URL")
    process = None
    if not admin:
        other = os.environ.get("SIFANG_TEST_POSTGRES")
        program = Path(other) if other else None
        server = Postgres(folder / "postgres", folder / "secrets", is_throwaway=True, program=program)
        server.make_cluster()
        process = server.spawn()
        _running.append((folder, process))
        server.wait(process)
        admin = server.url()
    else:
        _running.append((folder, None))
    words = passwords(folder / "secrets" / "roles.json")
    with psycopg.connect(admin, autocommit=True) as connection:
        make_roles(connection, words)
    os.environ |= {
        ADMIN: admin,
        "SIFANG_DATA": str(folder / "data"),
        "SIFANG_PROCESS": "test",
        "SIFANG_SECRET_KEY": secrets.token_urlsafe(48),
    }
    for role in ROLES:
        os.environ[f"SIFANG_DATABASE_URL_{role.upper()}"] = role_url(admin, role, words[role], "not_chosen")


@pytest.hookimpl(trylast=True)  # after the shuffling
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that at the end no worker waits for the other one's last test."""
    items.sort(key=lambda item: not any(item.iter_markers("slow")) and not any(item.iter_markers("browser")))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Make this worker's database, migrated by the owner; point every alias at it."""
    del django_test_environment  # wanted for its order only
    from django.core.management import call_command
    from django.db import connections

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"test_sifang_{worker}_{secrets.token_hex(3)}"
    admin_url = os.environ[ADMIN]
    with psycopg.connect(admin_url, autocommit=True) as admin:
        make_database(admin, name)
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
    with psycopg.connect(**_owner_parameters()) as owner:
        grant_tables(owner)
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        from sifang.cases.editions import publish_editions

        publish_editions(using="owner")
        connections["owner"].close()
    with psycopg.connect(**_owner_parameters()) as owner:
        grant_tables(owner)
    _keep_seed(name)
    _flush_as_admin()
    yield
    with django_db_blocker.unblock():
        for alias in connections:
            connections[alias].close()
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _owner_parameters() -> dict[str, Any]:
    from django.db import connections

    found = connections["owner"].get_connection_params()
    return {key: found[key] for key in ("dbname", "user", "password", "host", "port") if found.get(key)}


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'django_migrations'", [schema]
    )
    return [str(row[0]) for row in rows]


def _columns(connection: psycopg.Connection, table: str) -> sql.Composed:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    return sql.SQL(", ").join(sql.Identifier(str(row[0])) for row in rows)


def _admin(name: str) -> psycopg.Connection:
    return psycopg.connect(os.environ[ADMIN], dbname=name)


def _keep_seed(name: str) -> None:
    """Copy what the migrations inserted aside (as superuser: row-level security hides it from the owner)."""
    with _admin(name) as admin:
        admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SEED)))
        for table in _tables(admin, "public"):
            source = sql.Identifier("public", table)
            if admin.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(source)).fetchone():
                admin.execute(
                    sql.SQL("CREATE TABLE {} AS SELECT {} FROM {}").format(
                        sql.Identifier(SEED, table), _columns(admin, table), source
                    )
                )


def _flush(name: str) -> None:
    """Empty every table and put back what the migrations had inserted.

    Looks first which tables hold anything, and deletes: to truncate all makes new files for each, slowly.
    """
    with _admin(name) as admin:
        admin.execute("SET session_replication_role = replica")  # no triggers: append-only tables too
        seeded = set(_tables(admin, SEED))
        for table in _filled(admin, [one for one in _tables(admin, "public") if one not in UNTOUCHED]):
            admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("public", table)))
        for table in seeded - UNTOUCHED:
            columns = _columns(admin, table)
            admin.execute(
                sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
                    sql.Identifier("public", table), columns, columns, sql.Identifier(SEED, table)
                )
            )


def _filled(admin: psycopg.Connection, tables: list[str]) -> list[str]:
    """Return those of the tables that hold a row."""
    looks = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(
            sql.Literal(table), sql.Identifier("public", table)
        )
        for table in tables
    ]
    return [str(row[0]) for row in admin.execute(sql.SQL(" UNION ALL ").join(looks))]


def _flush_as_admin() -> None:
    """Let transaction=True tests clean up with the rights to do so; role app may not truncate."""
    from django.db import connections
    from django.test import TransactionTestCase

    def teardown(_case: TransactionTestCase) -> None:
        for alias in connections:
            connections[alias].close()
        _flush(str(connections["default"].settings_dict["NAME"]))

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]  # noqa: SLF001 (no public way)
