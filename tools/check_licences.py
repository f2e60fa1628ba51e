"""Refuses run-time dependencies under GPL or AGPL (LGPL and MPL are fine), Python and npm alike."""

import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = re.compile(
    r"(?<!L)(?<!Lesser )\b(A?GPL|(GNU )?(Affero )?General Public Licen[cs]e)", re.IGNORECASE
)
FREE = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)
NODE = ROOT / "src/sifang/web/front/node_modules"


def python_packages() -> Iterator[tuple[str, str]]:
    """Yield (name, licence as its metadata states it) of each locked run-time package installed here."""
    for line in (ROOT / "requirements/runtime.txt").read_text().splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==", line):
            try:
                about = metadata.metadata(found[1])
            except metadata.PackageNotFoundError:  # for another platform
                continue
            classifiers = [c for c in about.get_all("Classifier", []) if c.startswith("License")]
            stated = about.get("License-Expression") or " ".join(classifiers) or about.get("License") or ""
            yield found[1], stated[:300]


def npm_packages() -> Iterator[tuple[str, str]]:
    """Yield (name, licence) of each installed package that is not for development only."""
    lock = NODE / ".package-lock.json"
    if lock.exists():
        for name, about in json.loads(lock.read_text())["packages"].items():
            if not about.get("dev"):
                yield name.removeprefix("node_modules/"), str(about.get("license", ""))


def is_allowed(stated: str) -> bool:
    """Whether a licence text names something else than GPL or AGPL (`A OR B` needs one that is allowed)."""
    parts = re.split(r"\bOR\b|/", stated)
    return any(part.strip() and (FREE.search(part) or not FORBIDDEN.search(part)) for part in parts)


def main() -> int:
    packages = [*python_packages(), *npm_packages()]
    bad = [f"{name}: {stated or 'no licence stated'}" for name, stated in packages if not is_allowed(stated)]
    for line in bad:
        print(f"licence not allowed at run time: {line}")
    print(f"{len(packages)} run-time packages looked at")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
