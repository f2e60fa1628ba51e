"""What the pages must be told at start."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class BaseMap:
    """The configured base map: `kind` none, xyz, wmts or pmtiles; `url` a template, an address or a file."""

    kind: str = "none"
    url: str = ""
    attribution: str = ""

    @property
    def host(self) -> str:
        """The one foreign origin that pages then load tiles from; empty for none and for a file of ours."""
        return origin_of(self.url) if self.kind != "none" else ""

    @property
    def file(self) -> str:
        """The PMTiles file on this server, served by our own address; empty otherwise."""
        return self.url if self.kind == "pmtiles" and not self.host else ""


@dataclass(frozen=True)
class PagesConfig:
    """`demo`: the demonstration city with its accounts; `version`: shown in the help dialog.

    `guard_file`: where the guard tells whether fixes get through.
    """

    demo: bool = False
    version: str = ""
    basemap: BaseMap = BaseMap()
    guard_file: Path | None = None


def origin_of(url: str) -> str:
    """Return scheme and host of a web address, or nothing."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""
