"""`sifang doctor`: says what is wrong, and what to do, in words."""

import json
import socket

import pytest

from sifang.ops.doctor import report
from sifang.ops.settings import read


def settings_of(folder, **more):
    ports = {"SIFANG_HTTP_PORT": "1024", "SIFANG_JT808_PORT": "1025", "SIFANG_DEVICE_HTTP_PORT": "1026",
             "SIFANG_METRICS_PORT": "1027"}  # fmt: skip
    return read({"SIFANG_DATA": str(folder)} | ports | more)


def test_a_secret_that_others_can_read_is_found(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "key").touch(mode=0o600)
    text, _ = report(settings_of(tmp_path))
    assert f"✓ 密钥目录只有本账号可读：{folder}" in text
    (folder / "key").chmod(0o644)
    text, is_well = report(settings_of(tmp_path))
    assert not is_well
    assert f"chmod -R go-rwx {folder}" in text


def test_keys_that_cannot_be_copied_are_found(tmp_path):
    (tmp_path / "run").mkdir()
    for problem, mark in (
        ("密钥备份目录 /x 无法使用", "✗ 密钥备份目录 /x 无法使用"),
        ("", "✓ 密钥的第二份齐全"),
    ):
        (tmp_path / "run" / "watch.json").write_text(json.dumps({"keys_problem": problem}))
        assert mark in report(settings_of(tmp_path))[0]


def test_the_last_year_of_known_holidays_is_told_and_a_broken_table_is_found(tmp_path):
    assert "✓ 节假日表到 2026 年为止" in report(settings_of(tmp_path))[0]
    (tmp_path / "calendars").mkdir()
    table = tmp_path / "calendars" / "2027.json"
    table.write_text(json.dumps({"year": 2027, "source": "试用", "rest": ["2027-01-01"]}), encoding="utf-8")
    assert "✓ 节假日表到 2027 年为止" in report(settings_of(tmp_path))[0]
    table.write_text("{", encoding="utf-8")
    text, is_well = report(settings_of(tmp_path))
    assert not is_well
    assert "✗ 节假日表有误（2027.json）" in text


def test_a_port_in_use_is_found_and_the_line_ends_where_it_ends(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text, is_well = report(settings_of(tmp_path, SIFANG_HTTP_PORT=str(port)))
    assert not is_well
    wrong = [line for line in text.splitlines() if f"端口 {port}" in line]
    assert wrong == [f"✗ 端口 {port} 已被占用；请关闭占用它的程序，或用 SIFANG_HTTP_PORT 换一个端口。"]


def test_a_database_that_cannot_be_reached_is_found(tmp_path):
    url = "postgresql://nobody:nothing@127.0.0.1:1/none"
    text, is_well = report(settings_of(tmp_path, SIFANG_DATABASE_URL=url))
    assert not is_well
    assert "✗ 数据库账号 sifang_app 不能登录" in text
    assert "nothing" not in text


@pytest.mark.slow
def test_a_running_installation_is_well_and_a_loose_role_is_not(installation):
    import psycopg

    from sifang.ops.postgres import Postgres

    installation.start()
    said = installation.run("doctor")
    bad = [line for line in said.stdout.splitlines() if line.startswith("✗") and "前端" not in line]
    assert not bad, said.stdout + said.stderr
    assert "✓ 数据库结构与程序版本一致" in said.stdout
    url = Postgres(installation.data / "postgres", installation.data / "secrets").url("sifang")
    with psycopg.connect(url) as connection:
        connection.execute("ALTER ROLE sifang_app BYPASSRLS")
    said = installation.run("doctor")
    assert said.returncode == 1
    assert "✗ 数据库账号 sifang_app 权限适当 → 它能绕过行级权限" in said.stdout


def test_a_server_whose_log_quotes_rows_is_found(db):
    from django.db import connections

    from sifang.ops.doctor import QUIET_LOGS, _shown

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    connection = connections["default"].connection
    loud = [name for name, good in QUIET_LOGS.items() if _shown(connection, name) not in good]
    assert loud == []  # the embedded server's settings, with which the tests run too
