"""Logs: JSON lines without personal data, whoever wrote them."""

import json
import logging  # noqa: TID251 (what libraries do)
import sys

import pytest
import structlog

from sifang.kernel.log import get_logger
from sifang.ops import logs


@pytest.fixture
def lines(tmp_path):
    root, before, hook = logging.getLogger(), logging.getLogger().handlers[:], sys.excepthook
    level = root.level
    logs.configure(tmp_path, "web")

    def read():
        return [json.loads(line) for line in (tmp_path / "web.jsonl").read_text().splitlines()]

    yield read
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    sys.excepthook = hook
    structlog.reset_defaults()


def test_an_event_is_one_json_line_without_the_person(lines):
    get_logger("people").info("leave_granted", case="c-1", name="张三", phone="13800000000", days=10)
    (line,) = lines()
    assert line["event"] == "leave_granted"
    assert (line["case"], line["days"], line["room"]) == ("c-1", 10, "people")
    assert "张三" not in json.dumps(line, ensure_ascii=False)
    assert "13800000000" not in json.dumps(line)


def test_an_exception_leaves_its_class_and_way_but_not_its_text(lines):
    try:
        int("Failing row contains (张三)")
    except ValueError:
        get_logger("people").exception("write_failed")
    (line,) = lines()
    assert line["exception"]["class"] == "ValueError"
    assert "test_logs.py" in line["exception"]["way"][-1]
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_a_failed_request_does_not_name_its_page(lines):
    logging.getLogger("django.request").error("Internal Server Error: %s", "/persons/历下-2026-0417")
    (line,) = lines()
    assert line["event"] == "request_failed"
    assert "0417" not in json.dumps(line, ensure_ascii=False)
