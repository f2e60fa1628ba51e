"""Refuses what must not be committed: registry hosts, a machine's paths, keys, and big files."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 1_500_000
FONTS = "src/sifang/cases/documents/fonts/"  # documents bring their own characters, rare names included
MOST_FONT_BYTES = 8_500_000
# written in pieces, so that this file does not refuse itself
FORBIDDEN = {
    "a registry host": re.compile("registry" + r"\.npm\w*\.|files\." + "pythonhosted|pypi" + r"\.org/simple"),
    "an index address": re.compile("--(extra-)?index" + "-url"),
    "a path of one machine": re.compile(r"(?<![\w.])/(work|root|home/\w+)" + r"/(?!\.\.\.)[\w.]"),
    "a private key": re.compile("BEGIN [A-Z ]*PRIVATE" + " KEY"),
}


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    faults = 0
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        content = path.read_bytes()
        most = MOST_FONT_BYTES if name.startswith(FONTS) and name.endswith(".otf") else MOST_BYTES
        if len(content) > most:
            print(f"{name}: {len(content)} bytes; big files do not belong here")
            faults += 1
        if b"\0" in content[:8000]:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                if pattern.search(line):
                    print(f"{name}:{number}: {what}: {line.strip()[:120]}")
                    faults += 1
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
