"""An authority's own line: one import, whole or not at all; fences move with it."""

from datetime import date, timedelta

import pytest

from sifang.kernel.coords import gcj02_from_wgs84
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring import boundaries
from sifang.monitoring.errors import BadLine, ShiftedLine
from sifang.monitoring.models import BoundaryLine, Fence, MeasuresVersion
from sifang.monitoring.services.lines import import_line, line_in_force


def surveyed(code="370100", shift=(0.0, 0.0), change=None):
    """The public line as a GeoJSON feature, moved by degrees or vertex by vertex."""
    ring = boundaries.public_area(code).rings[0][:, :2]
    points = [change(x, y) if change else (x + shift[0], y + shift[1]) for x, y in ring.tolist()]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [points]}}


def bring(geojson, **facts):
    given = {
        "area_code": "370100",
        "source": "济南市民政局 勘界成果",
        "source_date": date(2026, 6, 1),
        "boundary_m": 3.0,
    }
    return import_line(geojson, **(given | facts))


def imported(desk, geojson, **facts):
    """Import with sight of every fence: a city officer's context (installations run it as owner)."""
    with desk.city.acting("冯班"):
        return bring(geojson, **facts)


def test_an_import_replaces_the_line_and_every_fence_moves(desk):
    desk.fenced()
    old = line_in_force("370100")
    before = MeasuresVersion.objects.get().version
    done = imported(desk, surveyed(shift=(0.0001, 0.0)))
    assert done.fences == 1
    with desk.city.acting("王科"):
        fence = Fence.objects.get()
    assert (fence.line, fence.boundary_m, fence.source) == (done.line, 3.0, "济南市民政局 勘界成果")
    old.refresh_from_db()
    assert old.replaced_at is not None
    assert line_in_force("370100") == done.line
    assert MeasuresVersion.objects.get().version > before
    assert LedgerPending.objects.filter(kind="line_imported").count() == 1
    assert {v[2] for v in done.line.geometry["rings"][0]} == {3.0}


def test_a_line_in_gcj02_is_refused_by_name(desk):
    with pytest.raises(ShiftedLine, match="GCJ-02") as refusal:
        imported(desk, surveyed(change=gcj02_from_wgs84))
    assert 450 < refusal.value.data["shift_m"] < 650


def bowtie():
    return {
        "type": "Polygon",
        "coordinates": [[[116.8, 36.5], [117.2, 36.9], [117.2, 36.5], [116.8, 36.9], [116.8, 36.5]]],
    }


def swapped():
    return surveyed(change=lambda x, y: (y, x))


def unclosed():
    found = surveyed()
    found["geometry"]["coordinates"][0].pop()
    return found


@pytest.mark.parametrize(
    ("geojson", "facts"),
    [
        (bowtie, {}),
        (swapped, {}),
        (unclosed, {}),
        (lambda: surveyed("370126"), {}),  # another place
        (lambda: {"type": "LineString", "coordinates": [[117, 36.6], [117.1, 36.7]]}, {}),
        (lambda: {"type": "Polygon", "coordinates": "x"}, {}),
        (lambda: {"type": "Polygon", "coordinates": [[[117.0, "x"]] * 4]}, {}),
        (lambda: {"type": "Polygon", "coordinates": []}, {}),
        (lambda: {"type": "FeatureCollection", "features": []}, {}),
        (list, {}),
        (lambda: surveyed(change=lambda x, y: (float("nan"), y)), {}),
        (surveyed, {"boundary_m": 0}),
        (surveyed, {"boundary_m": float("nan")}),
        (surveyed, {"source": " "}),
        (surveyed, {"source_date": legal_day(utc_now()) + timedelta(days=1)}),
        (surveyed, {"area_code": "371200"}),
    ],
)
def test_what_cannot_be_a_line_changes_nothing(desk, geojson, facts):
    desk.fenced()
    old, version = line_in_force("370100"), MeasuresVersion.objects.get().version
    with pytest.raises(BadLine):
        imported(desk, geojson(), **facts)
    assert line_in_force("370100") == old
    assert MeasuresVersion.objects.get().version == version
    assert BoundaryLine.objects.filter(area_code="370100").count() == 1


def test_too_many_vertices_are_refused(desk, monkeypatch):
    monkeypatch.setattr(boundaries, "MAX_VERTICES", 100)
    with pytest.raises(BadLine, match="100"):
        imported(desk, surveyed())


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_owner_imports_under_the_purpose_migration(desk):
    from sifang.monitoring.tests.conftest import as_role
    from sifang.people.access import system

    desk.fenced()
    with as_role("owner"), system("migration"):
        assert bring(surveyed()).fences == 1
