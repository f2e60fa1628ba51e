"""`sifang register` and `sifang case`: at the server, in the name of a county officer, under his limits."""

import json

import pytest

from sifang.cases.tests.register_samples import line, register
from sifang.cases.tests.test_archives import NUMBER, elsewhere, granted  # noqa: F401 (fixtures)
from sifang.kernel.errors import NotFound
from sifang.ops.case_command import case
from sifang.ops.register_command import register as register_command
from sifang.people.models import Person


def test_the_commands_do_the_same(city, granted, elsewhere, tmp_path, capsys, monkeypatch):  # noqa: F811, PLR0917
    monkeypatch.setenv("SIFANG_PROCESS", "test")
    file = tmp_path / "册.csv"
    file.write_bytes(register(line(1), line(2, sex="")))
    assert register_command(["import", str(file), "--officer", "wangke", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["errors"][0]["title"] == "性别"
    file.write_bytes(register(line(1)))
    assert register_command(["import", str(file), "--officer", "wangke", "--dry-run"]) == 0
    assert "没有导入" in capsys.readouterr().out
    assert register_command(["import", str(file), "--officer", "wangke"]) == 0
    assert "已登记 1 人" in capsys.readouterr().out
    assert case(["export", NUMBER, str(tmp_path), "--officer", "wangke", "--purpose", "移交"]) == 0
    path, words, _ = capsys.readouterr().out.splitlines()
    elsewhere(NUMBER)
    digest = words.removeprefix("SHA-256 ")
    assert case(["import", path, "--officer", "wangke", "--sha256", digest]) == 0
    with city.acting("王科"):
        assert Person.objects.filter(number=NUMBER).exists()


def test_an_unknown_sign_in_name_imports_nothing(city, tmp_path, monkeypatch):
    monkeypatch.setenv("SIFANG_PROCESS", "test")
    file = tmp_path / "册.csv"
    file.write_bytes(register(line(1)))
    for name in ("nobody", "wuli"):  # 吴离 has left
        with pytest.raises(NotFound):
            register_command(["import", str(file), "--officer", name])
