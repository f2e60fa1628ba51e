"""The web process on this worker's database, personae as demonstration accounts, desks in a browser."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connections

from sifang.people.models import Officer
from sifang.web.tests.test_browser import FLAGS, wait_for
from tests.personae import City

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def address(city: City, tmp_path: Path) -> Iterator[str]:
    """The web process, as the supervisor starts it, on a free port and this worker's database."""
    sys.path.insert(0, str(ROOT / "tools"))
    import build_front

    build_front.build()
    sys.path.pop(0)
    password = Argon2PasswordHasher().encode("sifang-demo", "salt-for-the-tests")
    Officer.objects.update(password=password, is_demo=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SIFANG_", "PYTEST_"))}
    for name in ("OWNER", "APP", "WATCH", "READER", "JOBS"):
        url = os.environ[f"SIFANG_DATABASE_URL_{name}"]
        database = connections["default"].settings_dict["NAME"]
        environment[f"SIFANG_DATABASE_URL_{name}"] = url.replace("not_chosen", database)
    environment |= {
        "SIFANG_DATA": str(tmp_path),
        "SIFANG_PROCESS": "web",
        "SIFANG_DEMO": "1",
        "SIFANG_SECRET_KEY": django_settings.SECRET_KEY,
        "PYTHONPATH": str(ROOT / "src"),
    }
    (tmp_path / "logs").mkdir()
    command = ["-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--workers-kill-timeout", "3", "--no-ws", "sifang.ops.asgi:application"]
    with (tmp_path / "granian.out").open("wb") as out:
        server = subprocess.Popen([sys.executable, *command], env=environment, stdout=out, stderr=out)
        try:
            wait_for(f"http://127.0.0.1:{port}", tmp_path / "granian.out")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs a loop in this thread
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Desks:
    """One page for each officer, signed in once."""

    def __init__(self, browser: "Browser", address: str, city: City) -> None:
        self.browser, self.address, self.city = browser, address, city
        self.pages: dict[str, Page] = {}
        self.complaints: list[str] = []

    def of(self, officer: str) -> "Page":
        """Return the page of this officer, signed in."""
        if officer not in self.pages:
            page = self.browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.goto(f"{self.address}/signin")
            page.fill("#u", self.city[officer].username)
            page.fill("#p", "sifang-demo")
            page.get_by_role("button", name="下一步").click()
            page.wait_for_url(lambda url: "/signin" not in url)
            self.pages[officer] = page
        return self.pages[officer]

    def form(self, officer: str, number: str, procedure: str, step: str, proceeding: Any = None) -> "Page":
        """Open the form of an act."""
        page = self.of(officer)
        query = f"?proceeding={proceeding}" if proceeding else ""
        page.goto(f"{self.address}/persons/{quote(number)}/do/{procedure}/{step}{query}")
        return page

    def fill(self, page: "Page", answers: dict[str, Any]) -> None:
        """Fill the form: choices, yes or no, people row by row, everything else as text."""
        for key, value in answers.items():
            if isinstance(value, list):
                for place, one in enumerate(value):
                    for part, word in one.items():
                        self._field(page, f"{key}-{place}-{part}", word)
            else:
                self._field(page, key, value)

    @staticmethod
    def _field(page: "Page", name: str, value: Any) -> None:
        field = page.locator(f'[name="{name}"]')
        kind = field.first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind == "select":
            options = field.first.evaluate("e => [...e.options].map(o => [o.value, o.textContent.trim()])")
            wanted = next(v for v, words in options if value in {v, words} or str(value) in words)
            field.first.select_option(wanted)
        elif kind in {"radio", "checkbox"}:
            page.locator(f'[name="{name}"][value="{value}"]').first.check(force=True)
        else:
            field.first.fill(str(value))


@pytest.fixture
def desks(browser: "Browser", address: str, city: City) -> Desks:
    return Desks(browser, address, city)
