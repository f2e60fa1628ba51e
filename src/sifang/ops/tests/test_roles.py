"""The roles: none above row-level security, passwords always asked, pooled connections clean."""

import os

import psycopg
import pytest
from django.db import connections, transaction
from psycopg import sql
from psycopg_pool import ConnectionPool

from sifang.ops.roles import (
    JOBS_WRITE,
    OFFICERS_WRITE,
    ROLES,
    SECRETS,
    VERSION_ROW,
    RolesFailed,
    make_roles,
    passwords,
    prepare_database,
    role_name,
    role_url,
)

ALONE = "SELECT pg_advisory_lock(4711)"  # roles belong to the cluster, which all workers share
ALIAS_OF = {"owner": "owner", "app": "default", "watch": "watch", "reader": "reader", "jobs": "jobs"}


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("role", ROLES)
def test_each_alias_works_as_its_role_and_none_may_pass_row_level_security(role):
    with connections[ALIAS_OF[role]].cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (role_name(role), False, False, False, False, False)


@pytest.mark.django_db(databases="__all__")
def test_the_database_belongs_to_the_owner():
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
        assert cursor.fetchone() == ("sifang_owner",)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_wrong_password_is_refused(role):
    parameters = connections["default"].get_connection_params()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=parameters["host"], port=parameters.get("port"), dbname=parameters["dbname"],
            user=role_name(role), password="wrong",
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_says_about_itself_ends_with_it():
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('sifang.officer', 'someone', true)")
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('sifang.officer', true), '')")
        assert cursor.fetchone() == ("",)


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_only_the_owner_may_change_tables():
    with connections["default"].cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("CREATE TABLE somewhere (x int)")
    with connections["reader"].cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("DELETE FROM people_agency")


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("role", ["watch", "jobs", "reader"])
def test_the_roles_behind_the_pages_read_no_secret_and_appoint_nobody(role):
    with connections[role].cursor() as cursor:
        for table in SECRETS:
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT, INSERT, UPDATE, DELETE')", [table])
            assert cursor.fetchone() == (False,), table
        for table in (*OFFICERS_WRITE, *VERSION_ROW):
            cursor.execute("SELECT has_table_privilege(%s, 'INSERT, UPDATE, DELETE')", [table])
            assert cursor.fetchone() == (False,), table


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("role", ROLES)
def test_the_measures_version_is_raised_by_triggers_alone(role):
    with connections[ALIAS_OF[role]].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('monitoring_measuresversion', 'INSERT, UPDATE, DELETE')")
        assert cursor.fetchone() == (role == "owner",)


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("role", ["app", "watch", "reader"])
def test_chunks_are_written_by_the_jobs_alone(role):
    with connections[ALIAS_OF[role]].cursor() as cursor:
        for table in JOBS_WRITE:
            cursor.execute("SELECT has_table_privilege(%s, 'INSERT, UPDATE, DELETE')", [table])
            assert cursor.fetchone() == (False,), table


def test_the_tests_use_no_server_but_their_own():
    assert os.environ["SIFANG_PROCESS"] == "test"
    assert connections["default"].settings_dict["USER"] == "sifang_app"


@pytest.mark.django_db(transaction=True)
def test_a_pooled_connection_comes_back_clean():
    found = connections["default"].get_connection_params()
    arguments = {key: found[key] for key in ("dbname", "user", "password", "host", "port") if found.get(key)}
    with ConnectionPool(kwargs=arguments, min_size=1, max_size=1) as pool:
        with pool.connection() as connection:
            first = connection.info.backend_pid
            connection.execute("SELECT set_config('sifang.officer', 'someone', true)")
        with pool.connection() as connection:
            assert connection.info.backend_pid == first
            row = connection.execute("SELECT current_setting('sifang.officer', true)").fetchone()
            assert row in {("",), (None,)}


@pytest.fixture
def modest_admin():
    """A role that may create roles and databases but is no superuser, as a vendor's server gives it."""
    name, admin_url = "modest_admin", os.environ["SIFANG_TEST_CLUSTER"]
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(ALONE)
        admin.execute("DROP DATABASE IF EXISTS modest_city WITH (FORCE)")
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            admin.execute("CREATE ROLE modest_admin LOGIN CREATEROLE CREATEDB PASSWORD 'modest'")
        if admin.info.server_version >= 160_000:  # what a role did not make itself, it must be given
            for role in ROLES:
                admin.execute(
                    sql.SQL("GRANT {} TO modest_admin WITH ADMIN OPTION").format(
                        sql.Identifier(role_name(role))
                    )
                )
        host = admin.info.host
        yield f"postgresql://{name}:modest@/modest_city?host={host}&port={admin.info.port}"
        admin.execute("DROP DATABASE IF EXISTS modest_city WITH (FORCE)")


def test_a_role_that_may_create_roles_is_enough(modest_admin, tmp_path):
    before = {role: os.environ[f"SIFANG_DATABASE_URL_{role.upper()}"] for role in ROLES}
    words = {role: str(psycopg.conninfo.conninfo_to_dict(url)["password"]) for role, url in before.items()}
    for _ in range(2):  # every step may be repeated
        prepare_database(modest_admin, words, "modest_city")
    with psycopg.connect(role_url(modest_admin, "owner", words["owner"])) as owner:
        owner.execute("CREATE EXTENSION btree_gist")
        owner.execute("CREATE TABLE thing (id int)")
    with psycopg.connect(role_url(modest_admin, "app", words["app"])) as app:
        app.execute("INSERT INTO thing VALUES (1)")
    with psycopg.connect(role_url(modest_admin, "reader", words["reader"])) as reader:
        assert reader.execute("SELECT id FROM thing").fetchall() == [(1,)]


def test_a_role_with_too_much_power_stops_the_start(tmp_path):
    admin_url = os.environ["SIFANG_TEST_CLUSTER"]
    with psycopg.connect(admin_url) as admin:  # rolled back at the end
        admin.execute(ALONE)
        admin.execute("ALTER ROLE sifang_jobs BYPASSRLS")
        with pytest.raises(RolesFailed, match="sifang_jobs 权限过大"):
            make_roles(admin, dict.fromkeys(ROLES, "word"))
        admin.rollback()


def test_passwords_are_made_once_and_kept_private(tmp_path):
    file = tmp_path / "secrets" / "roles.json"
    first = passwords(file)
    assert set(first) == set(ROLES)
    assert len(set(first.values())) == len(ROLES)
    assert passwords(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
