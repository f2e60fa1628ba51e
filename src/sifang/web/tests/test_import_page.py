"""The page of the register's import: a report first, the import only when confirmed, nothing for others."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sifang.cases.register_file import read_table
from sifang.cases.tests.register_samples import line, register
from sifang.people.models import Person

pytestmark = pytest.mark.django_db
URL = "/admin/import"


def upload(client, data, name="册.csv"):
    return client.post(URL, {"verb": "check", "file": SimpleUploadedFile(name, data)})


def confirm(client, page):
    found = dict(re.findall(r'<input type="hidden" name="(verb|name|packed)" value="([^"]+)">', page))
    return client.post(URL, found | {"verb": "import"})


def count(city):
    with city.acting("王科"):
        return Person.objects.count()


def test_a_file_is_examined_then_confirmed_then_registered(newest, at_desk, city):
    client, before = at_desk("王科"), count(city)
    page = upload(client, register(line(1), line(2))).content.decode()
    assert "确认，登记 2 人" in page
    assert count(city) == before
    done = confirm(client, page).content.decode()
    assert "已登记 2 人" in done
    assert count(city) == before + 2
    again = upload(client, register(line(1), line(2))).content.decode()
    assert "没有改动" in again
    assert "确认，登记" not in again


def test_a_bad_row_is_shown_and_cannot_be_confirmed(newest, at_desk, city):
    client, before = at_desk("王科"), count(city)
    answer = upload(client, register(line(1), line(2, sex="<b>其他")))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "要改正的（1 处）" in page
    assert "&lt;b&gt;其他" in page
    assert "确认，登记" not in page
    assert count(city) == before


@pytest.mark.parametrize("packed", ["", "%%%", "QUJD", "eJwDAAAAAAE="])
def test_a_broken_confirmation_registers_nobody(newest, at_desk, city, packed):
    before = count(city)
    answer = at_desk("王科").post(URL, {"verb": "import", "packed": packed})
    assert answer.status_code == 400
    assert count(city) == before


def test_no_file_is_said_in_words(newest, at_desk):
    assert "没有选择文件" in at_desk("王科").post(URL, {"verb": "check"}).content.decode()


@pytest.mark.parametrize("name", ["李所", "郑局", "赵检", "米书", "张三", "系管", "市科"])
def test_nobody_else_imports_here(newest, at_desk, name):
    for answer in (at_desk(name).get(URL), upload(at_desk(name), register(line(1)))):
        assert answer.status_code in {302, 403, 404}
        assert "试某1" not in answer.content.decode()


def test_another_county_meets_its_own_limits_only(newest, at_desk, city):
    page = upload(at_desk("周外"), register(line(1, number="历下-2026-0417", office=""))).content.decode()
    assert "已有同号" not in page  # whether 历下 has this person stays unsaid
    before = count(city)
    confirm(at_desk("周外"), page)
    assert count(city) == before


def test_the_template_is_a_workbook_that_the_reader_reads(newest, at_desk):
    assert "矫正编号" in read_table(at_desk("王科").get(f"{URL}/template").content).titles
