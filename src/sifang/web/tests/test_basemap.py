"""The base map by setting (DESIGN § 12): without one nothing foreign is allowed, with one only its host."""

import re
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from sifang.kernel.config import provide
from sifang.kernel.errors import NotFound
from sifang.web import mapbase, site
from sifang.web.config import BaseMap, PagesConfig

TILES = "https://t0.tiles.example/vec/{z}/{x}/{y}?tk=key"


def foreign(policy):
    sources = {source for directive in policy["DIRECTIVES"].values() for source in directive}
    return {source for source in sources if not re.fullmatch(r"'[a-z]+'|data:", source)}


def test_without_a_base_map_no_foreign_host_is_allowed():
    assert foreign(site.policy()) == set()
    assert foreign(site.settings()["CONTENT_SECURITY_POLICY"]) == set()


def test_with_one_only_its_host_and_only_for_tiles():
    base = BaseMap(kind="wmts", url=TILES, attribution="审图号")
    policy = site.policy(base.host)
    assert foreign(policy) == {"https://t0.tiles.example"}
    named = [name for name, sources in policy["DIRECTIVES"].items() if "https://t0.tiles.example" in sources]
    assert sorted(named) == ["connect-src", "img-src"]
    assert foreign(site.policy()) == set(), "the first policy was not changed"


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_the_pages_carry_the_configured_base_and_nothing_without(at_desk):
    client = at_desk("冯班")
    page = client.get("/command").content.decode()
    assert "data-raster" not in page
    assert "data-pmtiles" not in page
    assert "https://" not in page.replace("http://www.w3.org", ""), "no foreign address on the page"
    provide(PagesConfig(basemap=BaseMap("xyz", TILES, "某图 审图号 GS（演示）1号")))
    page = client.get("/command").content.decode()
    assert 'data-raster="https://t0.tiles.example/vec/{z}/{x}/{y}?tk=key"' in page
    assert "审图号 GS（演示）1号" in page
    provide(PagesConfig(basemap=BaseMap("pmtiles", "/srv/jinan.pmtiles", "某图")))
    assert 'data-pmtiles="/api/map/base.pmtiles"' in client.get("/command").content.decode()


def test_a_file_of_ours_is_answered_by_range_only(tmp_path):
    file = tmp_path / "jinan.pmtiles"
    file.write_bytes(bytes(range(256)))
    provide(PagesConfig(basemap=BaseMap("pmtiles", str(file), "某图")))

    def ask(wanted):
        headers = {"Range": wanted} if wanted else {}
        return mapbase.archive(RequestFactory().get("/api/map/base.pmtiles", headers=headers))

    part = ask("bytes=10-19")
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part["Content-Range"] == "bytes 10-19/256"
    assert ask("bytes=250-999").content == bytes(range(250, 256))
    for bad in ("", "bytes=300-400", "bytes=9-3", "bytes=-5", "bytes=1-2,4-5"):
        assert ask(bad).status_code == 416, bad
    provide(PagesConfig())
    with pytest.raises(NotFound):
        ask("bytes=0-1")


@pytest.mark.django_db
def test_nobody_unknown_reads_the_file(client):
    provide(PagesConfig(basemap=BaseMap("pmtiles", "/etc/hostname", "某图")))
    assert client.get("/api/map/base.pmtiles", headers={"Range": "bytes=0-1"}).status_code == 401


def test_what_the_map_may_load_is_what_the_setting_says():
    kinds = SimpleNamespace(
        none=BaseMap("none", "https://left.over/"),
        file=BaseMap("pmtiles", "/srv/a.pmtiles"),
        web=BaseMap("pmtiles", "https://maps.example/a.pmtiles"),
    )
    assert (kinds.none.host, kinds.none.file) == ("", "")
    assert (kinds.file.host, kinds.file.file) == ("", "/srv/a.pmtiles")
    assert (kinds.web.host, kinds.web.file) == ("https://maps.example", "")
