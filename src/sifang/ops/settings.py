"""All settings of an installation: one frozen `Settings`, read once from the environment.

Each field is one `SIFANG_*` variable with its help text; secrets may instead be given as a file
(`…_FILE`). An unknown or wrong variable stops the start with one clear line. No Django here.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError

PREFIX = "SIFANG_"
PROCESSES = ("web", "watch", "jobs", "guard", "owner", "test")
BASEMAPS = ("none", "xyz", "wmts", "pmtiles")
LOG_LEVELS = ("debug", "info", "warning", "error")

# Read by the tests and tools themselves, never by a running installation.
OUTSIDE = frozenset(
    f"SIFANG_{name}"
    for name in ("SHARED", "TEST_DATABASE_URL", "TEST_POSTGRES", "TEST_CLUSTER", "SKIP_FRONT")
)


class WrongSetting(SifangError):
    """设置 {name} 不正确：{reason}"""

    code: ClassVar[str] = "wrong_setting"


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _maybe_path(text: str) -> Path | None:
    return _path(text) if text else None


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 65535:  # noqa: PLR2004 (the range of TCP ports)
        raise ValueError(f"“{text}”不是 1 至 65535 的端口号")
    return number


def _port_or_none(text: str) -> int:
    return 0 if text == "0" else _port(text)


def _ports(text: str) -> tuple[int, ...]:
    return tuple(_port(part.strip()) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _yes(text: str) -> bool:
    known = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
    if text.lower() not in known:
        raise ValueError(f"“{text}”应为 1 或 0")
    return known[text.lower()]


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("应以 postgresql:// 开头")
    return text


def _one_of(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"“{text}”应为 {'、'.join(known)} 之一")
        return text

    return parse


def _setting(parse: Callable[[str], Any], default: str, words: str, *, secret: bool = False) -> Any:
    """Declare one variable: how its text is read, its default text, what it is for, whether it is secret."""
    return field(metadata={"parse": parse, "default": default, "help": words, "secret": secret})


_AS_ROLE = "代替角色 sifang_{} 的连接地址"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation is told from outside; the field `http_port` is the variable SIFANG_HTTP_PORT."""

    data: Path = _setting(_path, "./.sifang", "数据目录：数据库、密钥、日志都在其中")  # noqa: RUF009 (a field)
    key_backup: Path | None = _setting(  # noqa: RUF009 (a field)
        _maybe_path,
        "",
        "密钥的第二份存放处：每个密钥使用前先抄到这里，宜在另一块磁盘；不设则为数据目录下的 key-backup",
    )
    bind: str = _setting(_text, "127.0.0.1", "监听地址；0.0.0.0 表示所有网卡")
    http_port: int = _setting(_port, "8800", "网页端口")
    jt808_port: int = _setting(_port, "7808", "JT/T 808 定位装置端口（TCP）")
    jt808_tls_cert: str = _setting(_text, "", "JT/T 808 端口的 TLS 证书文件（PEM）；与私钥同时给出才启用")
    jt808_tls_key: str = _setting(_text, "", "JT/T 808 端口的 TLS 私钥文件（PEM）")
    device_http_port: int = _setting(_port, "7855", "OsmAnd、OwnTracks 协议的专用定位装置端口（HTTP）")
    metrics_port: int = _setting(
        _port_or_none,
        "8809",
        "运行指标端口（Prometheus 文本格式，只监听 127.0.0.1，不含个人信息）；0 表示不开",
    )
    party_ports: tuple[int, ...] = _setting(_ports, "8811,8812,8813,8814", "四方节点的端口（以后的版本使用）")
    database_url: str | None = _setting(
        _database, "", "外部 PostgreSQL 15–18；该账号须能建立角色。不设则用内置数据库", secret=True
    )
    database_url_owner: str | None = _setting(_database, "", _AS_ROLE.format("owner"), secret=True)
    database_url_app: str | None = _setting(_database, "", _AS_ROLE.format("app"), secret=True)
    database_url_watch: str | None = _setting(_database, "", _AS_ROLE.format("watch"), secret=True)
    database_url_reader: str | None = _setting(_database, "", _AS_ROLE.format("reader"), secret=True)
    database_url_jobs: str | None = _setting(_database, "", _AS_ROLE.format("jobs"), secret=True)
    secret_key: str | None = _setting(_text, "", "会话签名密钥；不设则自动生成并保存在数据目录", secret=True)
    hosts: tuple[str, ...] = _setting(_names, "", "网页的域名，逗号分隔；本机地址总是允许")
    behind_https: bool = _setting(_yes, "0", "网页在 HTTPS 反向代理之后（Cookie 只经 HTTPS 发送）")
    basemap: str = _setting(_one_of(*BASEMAPS), "none", "底图：none 自带示意图、xyz、wmts、pmtiles")
    basemap_url: str = _setting(
        _text, "", "底图地址：含 {z} {x} {y} 的模板（天地图请填入单位自己的密钥）；pmtiles 为文件路径或网址"
    )
    basemap_attribution: str = _setting(_text, "", "底图的版权说明和审图号，显示在地图角上；用底图时必填")
    log_level: str = _setting(_one_of(*LOG_LEVELS), "info", "日志级别")
    demo: bool = _setting(_yes, "0", "演示数据的安装（由 sifang demo 设置）")
    process: str = _setting(_one_of(*PROCESSES), "web", "本进程的角色（由 sifang up 设置）")

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 (a comparison)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.http_port}"

    @property
    def secrets_folder(self) -> Path:
        """Where the installation keeps the secrets it made for itself."""
        return self.data / "secrets"

    @property
    def keys_folder(self) -> Path:
        """Where the keys of journal and measures are."""
        return self.data / "keys" / "journal"

    @property
    def key_backup_folder(self) -> Path:
        """Where their second copies are."""
        return self.key_backup or self.data / "key-backup"

    def database_url_of(self, role: str) -> str | None:
        """Return the URL given for this role (owner, app, watch, reader, jobs), if any."""
        found: str | None = getattr(self, f"database_url_{role}")
        return found


def variable(name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + name.upper()


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in `environ`. Raises WrongSetting for an unknown or wrong SIFANG_* variable."""
    known = {variable(one.name): one for one in fields(Settings)}
    secret_files = {f"{name}_FILE" for name, one in known.items() if one.metadata["secret"]}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known.keys() | secret_files | OUTSIDE:
            raise WrongSetting(name=name, reason=f"没有这个设置{_hint(name, known.keys() | secret_files)}")
    settings = Settings(**{one.name: _read_one(name, one.metadata, environ) for name, one in known.items()})
    if bool(settings.jt808_tls_cert) != bool(settings.jt808_tls_key):
        raise WrongSetting(name="SIFANG_JT808_TLS_CERT", reason="证书与私钥须同时给出")
    _check_basemap(settings)
    return settings


def _check_basemap(settings: Settings) -> None:
    """Raise WrongSetting unless the base map has what its kind needs."""
    kind, url = settings.basemap, settings.basemap_url
    if kind == "none":
        if url:
            raise WrongSetting(
                name="SIFANG_BASEMAP_URL", reason="须同时设置 SIFANG_BASEMAP 为 xyz、wmts 或 pmtiles"
            )
        return
    is_web = url.startswith(("https://", "http://"))
    if kind == "pmtiles":
        if not is_web and not Path(url).is_file():
            raise WrongSetting(name="SIFANG_BASEMAP_URL", reason="不是 PMTiles 文件的路径或网址")
    elif not is_web or not all(mark in tile_template(url) for mark in ("{z}", "{x}", "{y}")):
        raise WrongSetting(name="SIFANG_BASEMAP_URL", reason="应以 https:// 开头，并含 {z}、{x}、{y}")
    if not settings.basemap_attribution:
        raise WrongSetting(name="SIFANG_BASEMAP_ATTRIBUTION", reason="用底图必须写明版权和审图号")


def tile_template(url: str) -> str:
    """Return the template with {z} {x} {y}; the words of WMTS are read as the same three."""
    for theirs, ours in (("{TileMatrix}", "{z}"), ("{TileCol}", "{x}"), ("{TileRow}", "{y}")):
        url = url.replace(theirs, ours)
    return url


def _hint(name: str, known: Any) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    return f"，是否想写 {near[0]}？" if near else "（全部设置见 docs/guide/settings.md）"


def _read_one(name: str, about: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
    text = environ.get(name, "")
    if about["secret"] and (file := environ.get(f"{name}_FILE")):
        if text:
            raise WrongSetting(name=name, reason=f"与 {name}_FILE 只能给出一个")
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSetting(name=f"{name}_FILE", reason=f"文件 {file} 无法读取") from error
    text = text or about["default"]
    if not text and about["secret"]:
        return None
    try:
        return about["parse"](text)
    except ValueError as error:
        raise WrongSetting(name=name, reason=str(error)) from error
