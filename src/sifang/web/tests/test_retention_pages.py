"""Pages of retention and refused frames: the purpose first, the record before, and nothing for outsiders."""

from datetime import timedelta

import pytest
from django.test import Client

from sifang.kernel.config import provide
from sifang.kernel.time import utc_now
from sifang.monitoring.intake.config import IntakeConfig
from sifang.monitoring.intake.frames import Label, seal_frame
from sifang.monitoring.intake.keystore import KeyStore
from sifang.monitoring.models import Binding, RefusedFrame
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import system
from sifang.people.models import ReadRecord, Role
from sifang.people.services import grant_role, register_officer
from sifang.web.tests.conftest import BACKEND

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
FRAME = bytes.fromhex("7e00020000013853100001000110" + "7e")


@pytest.fixture
def refused(tracked, tmp_path):
    """A frame of 张三's device that was refused."""
    provide(IntakeConfig(keys=tmp_path / "keys"))
    with tracked.city.acting("王科"):
        device = Binding.objects.get(measure=tracked.measure).device
    label = Label(tracked.measure.number, device.id, utc_now(), "bad_checksum", "jt808", len(FRAME))
    body = seal_frame(FRAME, KeyStore(tmp_path / "keys").measure_key(tracked.measure.number), label)
    with as_role("watch"), system("watch"):
        RefusedFrame.objects.create(
            measure=tracked.measure, device=device, received_at=label.received_at, reason=label.reason,
            gateway=label.gateway, size=label.size, body=body,
        )  # fmt: skip
    with tracked.city.acting("王科"):
        number = tracked.city.persons["张三"].number
    return tracked, f"/persons/{number}/refused"


def test_the_purpose_comes_first_then_the_record_then_the_frames(refused):
    tracked, url = refused
    client = tracked.desk("王科")
    assert FRAME.hex() not in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 400
    with tracked.city.acting("王科"):
        assert not ReadRecord.objects.filter(what="refused_frames").exists()
    page = client.post(url, {"purpose": "review"}).content.decode()
    assert FRAME.hex() in page
    assert "校验不对" in page
    with tracked.city.acting("王科"):
        (record,) = ReadRecord.objects.filter(what="refused_frames")
        assert (record.officer.name, record.purpose) == ("王科", "review")


@pytest.mark.parametrize("name", ["周外", "吴离", "孙警", "张三", "郑局"])
def test_who_may_not_see_the_track_learns_nothing_here(refused, name):
    tracked, url = refused
    for answer in (tracked.desk(name).get(url), tracked.desk(name).post(url, {"purpose": "review"})):
        assert answer.status_code in {302, 404}
        assert FRAME.hex() not in answer.content.decode()


@pytest.mark.parametrize("role", [Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_administrators_read_the_terms(officers, city, role):
    officer = register_officer("guanli", "管理", city.agencies["济南市司法局"], is_demo=True)
    grant_role(officer, role, valid_from=utc_now() - timedelta(days=1))
    client = Client()
    client.force_login(officer, backend=BACKEND)
    page = client.get("/admin/retention").content.decode()
    assert page.count("现行") == 4
    assert "180" in page
    assert "个人信息保护法" in page


@pytest.mark.parametrize("name", ["周外", "王科", "冯班", "赵检", "张三"])
def test_the_terms_are_the_administrators_page(at_desk, name):
    assert at_desk(name).get("/admin/retention").status_code == 404
