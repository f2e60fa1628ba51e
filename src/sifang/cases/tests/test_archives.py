"""One case as an archive: whole, always the same bytes, refused when changed, told history where it comes."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.archive_file import BadArchive, digest, pack, unpack
from sifang.cases.archives import access_taken, export_case, import_case
from sifang.cases.models import Act, CaseExport, Expectation, Proceeding, TakenOver
from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.models import Person, ReadRecord
from sifang.people.purposes import Purpose
from sifang.people.services import add_guardian, number_person

TODAY = legal_day(utc_now())
NUMBER = "历下-2026-0417"
WHY = "系统迁移"


@pytest.fixture
def granted(city):
    """张三 was granted ten days of leave: two acts, their documents and recipients."""
    first = TODAY + timedelta(days=5)
    answers = {
        "purpose": "medical",
        "destination": "北京市海淀区",
        "leaves_on": first.isoformat(),
        "returns_on": (first + timedelta(days=9)).isoformat(),
        "proof": "门诊预约单",
    }
    applied = take(city["李所"], city.cases["张三"].id, Wish("leave", "apply", answers))
    return take(city["王科"], applied.case_id, Wish("leave", "approve", proceeding=applied.proceeding_id))


@pytest.fixture
def elsewhere(city):
    """Make this house one that does not know the person yet: the number is free."""

    def forget(number):
        with city.acting("王科"):
            one = Person.objects.get(number=number)
            number_person(city["王科"], one, number=f"旧-{number}")

    return forget


def test_a_case_goes_out_whole_and_always_as_the_same_bytes(city, granted):
    made = export_case(city["王科"], NUMBER, WHY)
    assert export_case(city["王科"], NUMBER, WHY).data == made.data
    archive = unpack(made.data)
    assert [one["step"] for one in archive.case["acts"]] == ["apply", "approve"]
    assert archive.case["acts"][1]["officer"] == "王科"
    assert archive.case["acts"][1]["edition_digest"] == granted.edition_digest
    assert archive.documents
    assert all(one.startswith(b"%PDF") for one in archive.documents.values())
    assert NUMBER not in made.name


def test_no_position_goes_out(city, granted):
    text = json.dumps(unpack(export_case(city["王科"], NUMBER, WHY).data).case)
    for word in ("lon", "lat", "latitude", "track", "fence", "alarm"):
        assert f'"{word}' not in text


def test_who_took_it_out_and_what_for_is_recorded(city, granted):
    made = export_case(city["王科"], NUMBER, WHY)
    with city.acting("王科"):
        assert (CaseExport.objects.get().purpose, CaseExport.objects.get().sha256) == (WHY, made.sha256)
        assert ReadRecord.objects.get(what="case_export").person_ids == [city.persons["张三"].id]
        (kept,) = LedgerPending.objects.filter(kind="case_exported")
    assert made.sha256 in bytes(kept.record).decode()
    assert WHY not in bytes(kept.record).decode()


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("周外", NotFound),
        ("李所", BeyondPower),
        ("赵检", BeyondPower),
        ("市科", BeyondPower),
        ("郑局", BeyondPower),
    ],
)
def test_only_its_county_agency_takes_a_case_out(city, granted, name, refusal):
    with pytest.raises(refusal):
        export_case(city[name], NUMBER, WHY)
    with city.acting("王科"):
        assert not CaseExport.objects.exists()


def test_without_a_purpose_nothing_goes_out(city):
    with pytest.raises(BadInput, match="用途"):
        export_case(city["王科"], NUMBER, " ")


def test_an_archive_becomes_a_running_case_with_told_history(city, granted, elsewhere):
    made = export_case(city["王科"], NUMBER, WHY)
    elsewhere(NUMBER)
    taken = import_case(city["王科"], made.data, expected_sha256=made.sha256)
    with city.acting("王科"):
        person = Person.objects.get(number=NUMBER)
        assert (person.name, person.office.name) == ("张三", "趵突泉司法所")
        assert person.orders.get().prohibition == city.orders["张三"].prohibition
        assert not Act.objects.filter(case=taken.case).exists()  # nothing pretends to be an act of this house
        assert Proceeding.objects.filter(case=taken.case, procedure="ending").exists()
        assert not Expectation.objects.filter(case=taken.case, due_at__lte=utc_now()).exists()
    _, told = access_taken(city["王科"], NUMBER, Purpose.DAILY)
    assert told.told == unpack(made.data).case
    assert [
        digest(bytes(one.pdf))
        for one in sorted(told.documents.all(), key=lambda one: (one.issued_at, one.number))
    ] == [one["sha256"] for one in told.told["documents"]]
    with pytest.raises(NotFound):
        access_taken(city["周外"], NUMBER, Purpose.DAILY)


def test_a_taken_case_goes_out_again_with_all_it_brought(city, granted, elsewhere):
    made = export_case(city["王科"], NUMBER, WHY)
    elsewhere(NUMBER)
    import_case(city["王科"], made.data)
    again = unpack(export_case(city["王科"], NUMBER, WHY).data)
    assert again.case["earlier"] == unpack(made.data).case
    assert sorted(again.documents.values()) == sorted(unpack(made.data).documents.values())


def test_a_minor_stays_a_minor(city, elsewhere):
    with city.acting("王科"):
        add_guardian(city["王科"], city.persons["小陈"], "陈父", "父亲")
    made = export_case(city["王科"], "历下-2026-0419", WHY)
    elsewhere("历下-2026-0419")
    taken = import_case(city["王科"], made.data)
    with city.acting("王科"):
        person = Person.objects.get(number="历下-2026-0419")
        assert person.is_minor
        assert person.guardians.get().name == "陈父"
        assert Proceeding.objects.filter(case=taken.case, procedure="minor").exists()


def test_a_known_person_is_not_touched(city):
    made = export_case(city["王科"], NUMBER, WHY)
    with pytest.raises(BadInput, match="已经在册"):
        import_case(city["王科"], made.data)
    with city.acting("王科"):
        assert not TakenOver.objects.exists()


@pytest.mark.parametrize("name", ["李所", "赵检", "市科", "郑局", "张三"])
def test_only_a_county_agency_takes_over(city, name):
    made = export_case(city["王科"], NUMBER, WHY)
    with pytest.raises(BeyondPower):
        import_case(city[name], made.data)


def test_only_the_county_of_the_place_takes_over(city):
    made = export_case(city["王科"], NUMBER, WHY)
    with pytest.raises(BadArchive, match="不在商河县司法局"):
        import_case(city["周外"], made.data)


def rezipped(data, change):
    """The archive with its files changed by `change` and zipped again as it were."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        files = change({name: old.read(name) for name in old.namelist()})
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
    return kept.getvalue()


@pytest.mark.parametrize("name", ["case.json", "README.md", "documents/001.pdf"])
def test_a_changed_file_is_named(city, granted, elsewhere, name):
    made = export_case(city["王科"], NUMBER, WHY)
    elsewhere(NUMBER)
    for words, change in (
        ("被改动过", lambda files: files | {name: files[name].replace(b"2", b"3", 1) + b" "}),
        ("缺少文件", lambda files: {key: value for key, value in files.items() if key != name}),
    ):
        with pytest.raises(BadArchive, match=f"{words}? ?.*{name}|{name} {words}"):
            import_case(city["王科"], rezipped(made.data, change))
    with city.acting("王科"):
        assert not Person.objects.filter(number=NUMBER).exists()


def test_other_changes_are_refused_too(city, granted, elsewhere):
    made = export_case(city["王科"], NUMBER, WHY)
    elsewhere(NUMBER)
    archive = unpack(made.data)
    with pytest.raises(BadArchive, match=r"多出文件 evil\.txt"):
        import_case(city["王科"], rezipped(made.data, lambda files: files | {"evil.txt": b"x"}))
    swapped = dict.fromkeys(archive.documents, b"%PDF-1.7 another")
    with pytest.raises(BadArchive, match=r"文书 documents/001\.pdf 与目录"):
        import_case(city["王科"], pack(archive.case, swapped))
    with pytest.raises(BadArchive, match="告知的不符"):
        import_case(
            city["王科"], pack(archive.case | {"office": ""}, archive.documents), expected_sha256=made.sha256
        )
    for broken in (b"", b"PK\x03\x04", made.data[: len(made.data) // 2]):
        with pytest.raises(BadArchive):
            import_case(city["王科"], broken)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.pop("guardians"),
        lambda case: case["person"].pop("name"),
        lambda case: case["person"].update(name="长" * 300),
        lambda case: case["order"].update(term_end=None),
        lambda case: case["order"].update(term_end="昨天"),
        lambda case: case.update(guardians=[1]),
        lambda case: case.update(place=[]),
        lambda case: case["order"].update(type="拘役"),
    ],
)
def test_an_archive_without_sense_is_refused_by_name(city, elsewhere, change):
    made = export_case(city["王科"], NUMBER, WHY)
    elsewhere(NUMBER)
    case = unpack(made.data).case
    change(case)
    with pytest.raises(BadArchive):
        import_case(city["王科"], pack(case, {}))
    with city.acting("王科"):
        assert not Person.objects.filter(number=NUMBER).exists()
