"""Pages of the archive: the purpose first, the record before the file; told history under its own name."""

import pytest

from sifang.cases.archive_file import unpack
from sifang.cases.archives import export_case, import_case
from sifang.cases.models import CaseExport, TakenDocument
from sifang.cases.tests.test_archives import NUMBER, elsewhere, granted  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db
URL = f"/persons/{NUMBER}/archive"


def test_the_archive_comes_after_its_purpose(newest, at_desk, city, granted):  # noqa: F811
    client = at_desk("王科")
    assert "用途" in client.get(URL).content.decode()
    assert client.post(URL, {"purpose": " "}).status_code == 400
    with city.acting("王科"):
        assert not CaseExport.objects.exists()
    answer = client.post(URL, {"purpose": "移交商河县司法局"})
    assert unpack(answer.content).case["person"]["number"] == NUMBER
    with city.acting("王科"):
        assert CaseExport.objects.get().purpose == "移交商河县司法局"


@pytest.mark.parametrize("name", ["周外", "李所", "赵检", "郑局", "市科", "张三"])
def test_nobody_else_takes_it_out(newest, at_desk, city, name):
    for answer in (at_desk(name).get(URL), at_desk(name).post(URL, {"purpose": "看看"})):
        assert answer.status_code in {302, 403, 404}
        assert b"PK\x03\x04" not in answer.content


def test_told_history_says_that_it_is_told(newest, at_desk, city, granted, elsewhere):  # noqa: F811
    made = export_case(city["王科"], NUMBER, "移交")
    elsewhere(NUMBER)
    import_case(city["王科"], made.data)
    page = at_desk("王科").get(f"/persons/{NUMBER}/taken-over").content.decode()
    assert "不是本机构作出的行为" in page
    with city.acting("王科"):
        one = TakenDocument.objects.order_by("number").first()
    address = f"/persons/{NUMBER}/taken-over/{one.id}"
    assert at_desk("王科").get(address).content == bytes(one.pdf)
    for path in (address, f"/persons/{NUMBER}/taken-over"):
        assert at_desk("周外").get(path).status_code == 404
