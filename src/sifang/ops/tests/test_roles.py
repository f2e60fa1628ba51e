"""The roles: none above row-level security, passwords always asked, pooled connections clean."""

import os

import psycopg
import pytest
from django.db import connections, transaction

from sifang.ops.roles import ROLES, role_name

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


def test_the_tests_use_no_server_but_their_own():
    assert os.environ["SIFANG_PROCESS"] == "test"
    assert connections["default"].settings_dict["USER"] == "sifang_app"
