"""The command line: small commands without Django, one line for what is wrong, never a traceback."""

import json
import os
import subprocess
import sys

import pytest

WITHOUT_DJANGO = (
    "import sys; sys.modules['django'] = None; from sifang.ops.main import main; sys.exit(main())"
)


def run(*words, text="", code=WITHOUT_DJANGO, **env):
    names = {name: value for name, value in os.environ.items() if not name.startswith("SIFANG_")}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        input=text, capture_output=True, text=True, timeout=120, check=False,
        env=names | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | env,
    )  # fmt: skip


def test_coords_starts_without_django():
    done = run("coords", "wgs84", "gcj02", text="117.0 36.65\n")
    assert (done.returncode, done.stderr) == (0, "")
    lon, lat = map(float, done.stdout.split())
    assert 0.004 < lon - 117.0 < 0.008
    assert abs(lat - 36.65) < 0.003


def test_decode_answers_each_line_in_order_and_never_fails():
    frames = ["7e", "", "zz", "7e0002000001445037620200020d7e", "7E" + "00" * 2000 + "7E"]
    done = run("decode", "jt808", text="\n".join(frames) + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(frames)
    assert all("error" in answers[place] for place in (0, 1, 2, 4))


BROKEN_DECODER = """
import sys
import sifang.gateways.{0}.decoder as decoder
decoder.decode_line = lambda line: 1 / 0
from sifang.ops.main import main
sys.exit(main())
"""


@pytest.mark.parametrize(("protocol", "more"), [("jt808", {}), ("osmand", {"status": 400})])
def test_a_fault_of_the_decoder_itself_is_an_answer_too(protocol, more):
    done = run("decode", protocol, text="a\nb\n", code=BROKEN_DECODER.format(protocol))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == 2 * [{"error": "bad_frame", "detail": "ZeroDivisionError"} | more]


def test_a_lone_carriage_return_ends_no_line(tmp_path):
    file = tmp_path / "frames"
    file.write_bytes(b"7e\r7e\n7e\r\n")
    for done in (run("decode", "jt808", text="7e\r7e\n7e\r\n"), run("decode", "jt808", str(file))):
        assert len(done.stdout.splitlines()) == 2


def test_a_closed_standard_input_is_an_empty_one():
    closed = f"import sys; sys.stdin = None; {WITHOUT_DJANGO}"
    done = run("decode", "jt808", code=closed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_law_shows_an_article_without_django():
    shown = run("law", "show", "社区矫正法29条", "--json")
    assert json.loads(shown.stdout)["mark"] == "verified"
    listed = json.loads(run("law", "list", "--json").stdout)
    assert {row["type"] for row in listed} == {"procedure", "rule", "article"}
    unknown = run("law", "show", "社区矫正法999条")
    assert unknown.returncode == 1
    assert unknown.stderr == "没有收录的条文：社区矫正法999条。\n"


def test_status_of_nothing_is_an_answer(tmp_path):
    done = run("status", "--json", SIFANG_DATA=str(tmp_path / "none"))
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ready"], answer["processes"]) == (0, False, [])
    assert set(answer) == {"version", "ready", "url", "data", "processes"}
    assert run("down", SIFANG_DATA=str(tmp_path / "none")).stdout == "没有运行。\n"


@pytest.mark.parametrize("command", ["up", "demo", "status", "down", "doctor"])
def test_an_unknown_setting_stops_every_command_in_one_line(command, tmp_path):
    done = run(command, SIFANG_DATA=str(tmp_path), SIFANG_HTTP_PRT="1")
    assert done.returncode == 1
    assert done.stderr == "设置 SIFANG_HTTP_PRT 不正确：没有这个设置，是否想写 SIFANG_HTTP_PORT？\n"


def test_a_demo_is_only_for_this_machine(tmp_path):
    done = run("demo", SIFANG_DATA=str(tmp_path / "d"), SIFANG_BIND="0.0.0.0")
    assert done.returncode == 1
    assert "演示只能监听本机地址" in done.stderr
    assert not (tmp_path / "d").exists()


def test_a_demo_never_runs_on_real_data(tmp_path):
    (tmp_path / "secrets").mkdir()
    done = run("demo", SIFANG_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "正式数据" in done.stderr


def test_clean_demo_removes_only_a_demo(tmp_path):
    clean = "import sys; from sifang.ops.clean_demo import main; sys.exit(main())"
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "row").touch()
    refused = run(code=clean, SIFANG_DATA=str(tmp_path / "real"))
    assert (refused.returncode, (tmp_path / "real" / "row").exists()) == (1, True)
    (tmp_path / "real" / "demo.json").write_text("{}")
    assert run(code=clean, SIFANG_DATA=str(tmp_path / "real")).returncode == 0
    assert not (tmp_path / "real").exists()


def test_a_missing_file_is_one_line():
    done = run("decode", "jt808", "nowhere.txt")
    assert done.returncode == 1
    assert done.stderr == "没有这个文件或目录：nowhere.txt\n"


def test_a_data_folder_that_cannot_be_made_is_one_line_in_words():
    ports = {f"SIFANG_{name}_PORT": str(1024 + n) for n, name in enumerate(("HTTP", "JT808", "DEVICE_HTTP"))}
    done = run("up", code="from sifang.ops.main import main; raise SystemExit(main())",
               SIFANG_DATA="/proc/nowhere", **ports)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "没有这个文件或目录：/proc/nowhere\n"


def test_fence_takes_its_options_wherever_they_stand(tmp_path):
    answer = run("fence", "--json", str(tmp_path / "none.geojson"), str(tmp_path / "none.csv"))
    assert answer.returncode != 0
    assert "none.geojson" in answer.stderr
    assert "unrecognized" not in answer.stderr
    assert "Traceback" not in answer.stderr
