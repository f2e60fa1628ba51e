"""Settings: what is wrong or unknown stops the start with one line; the page is up to date."""

from pathlib import Path

import pytest

from sifang.ops import settings_page
from sifang.ops.settings import WrongSetting, read, tile_template

ROOT = Path(__file__).parents[4]


def test_the_defaults_are_those_that_others_connect_to():
    one = read({})
    assert (one.bind, one.http_port, one.jt808_port, one.device_http_port) == ("127.0.0.1", 8800, 7808, 7855)
    assert one.data == Path(".sifang").absolute()
    assert one.party_ports == (8811, 8812, 8813, 8814)
    assert one.database_url is None
    assert one.url == "http://127.0.0.1:8800"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SIFANG_HTTP_PRT", "1", "是否想写 SIFANG_HTTP_PORT"),
        ("SIFANG_NOTHING_LIKE_IT", "1", "没有这个设置"),
        ("SIFANG_HTTP_PORT", "0", "端口"),
        ("SIFANG_HTTP_PORT", "70000", "端口"),
        ("SIFANG_HTTP_PORT", "８８００", "端口"),
        ("SIFANG_PARTY_PORTS", "8811,x", "端口"),
        ("SIFANG_DATABASE_URL", "mysql://x", "postgresql://"),
        ("SIFANG_DATABASE_URL_FILE", "/nowhere/at/all", "无法读取"),
        ("SIFANG_LOG_LEVEL", "loud", "之一"),
        ("SIFANG_BEHIND_HTTPS", "maybe", "1 或 0"),
        ("SIFANG_JT808_TLS_CERT", "cert.pem", "同时给出"),
        ("SIFANG_HTTP_PORT_FILE", "x", "没有这个设置"),
        ("SIFANG_BASEMAP_URL", "https://a.example/{z}/{x}/{y}", "SIFANG_BASEMAP"),
    ],
)
def test_a_wrong_or_unknown_setting_is_named(name, value, words):
    with pytest.raises(WrongSetting) as caught:
        read({name: value})
    assert name.removesuffix("_FILE") in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "url", "attribution", "named"),
    [
        ("xyz", "", "某图", "SIFANG_BASEMAP_URL"),
        ("xyz", "https://a.example/{z}/{x}", "某图", "SIFANG_BASEMAP_URL"),
        ("wmts", "file:///{z}/{x}/{y}", "某图", "SIFANG_BASEMAP_URL"),
        ("pmtiles", "/nowhere/a.pmtiles", "某图", "SIFANG_BASEMAP_URL"),
        ("xyz", "https://a.example/{z}/{x}/{y}", "", "SIFANG_BASEMAP_ATTRIBUTION"),
    ],
)
def test_a_base_map_is_whole_or_refused(kind, url, attribution, named):
    given = {"SIFANG_BASEMAP": kind, "SIFANG_BASEMAP_URL": url, "SIFANG_BASEMAP_ATTRIBUTION": attribution}
    with pytest.raises(WrongSetting, match=named):
        read(given)


def test_the_words_of_wmts_are_read_as_a_template():
    url = "https://t0.example/wmts?TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}"
    one = read({"SIFANG_BASEMAP": "wmts", "SIFANG_BASEMAP_URL": url, "SIFANG_BASEMAP_ATTRIBUTION": "某图"})
    assert tile_template(one.basemap_url).endswith("TILEMATRIX={z}&TILEROW={y}&TILECOL={x}")


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "url").write_text("postgresql://me@there/db\n")
    assert (
        read({"SIFANG_DATABASE_URL_FILE": str(tmp_path / "url")}).database_url == "postgresql://me@there/db"
    )
    with pytest.raises(WrongSetting, match="只能给出一个"):
        read({"SIFANG_DATABASE_URL_FILE": str(tmp_path / "url"), "SIFANG_DATABASE_URL": "postgresql://x"})


def test_other_programs_variables_are_nobodys_business():
    read({"PATH": "/bin", "SIFAN": "1", "XSIFANG_A": "1"})


def test_the_settings_page_is_up_to_date():
    assert (ROOT / settings_page.PAGE).read_text(encoding="utf-8") == settings_page.page()
