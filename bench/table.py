"""Run the benches and put what they say into one table: `make bench`, `sifang bench NAME`.

    python bench/table.py [NAME …] [--short] [--write] [-- OPTIONS OF THE BENCH]

Without names: all. `--write` renders docs/performance.md; the lines of benches not run now stay there as
they were (docs/performance.jsonl). The form of the lines: README.md beside this.
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
KEPT = PAGE.with_suffix(".jsonl")
MARKS = {True: "met", False: "**missed**", None: "reported"}
SHORT, LONG = 0, 1
BENCHES: dict[str, tuple[list[str], list[str]]] = {
    # name: (short arguments, long arguments)
    "geometry": (["--points", "100000"], ["--points", "10000000"]),
    "engine": (["--rounds", "5", "--fixes", "50000"], ["--rounds", "7"]),
    "detection": (["--persons", "40"], ["--persons", "2000"]),
    "postgis": (["--persons", "330"], []),
    "storage": (
        ["--count", "1000000", "--rounds", "5", "--tick", "5"],
        ["--count", "10000000", "--days", "5"],
    ),
    "intake": (["--seconds", "2", "--connections", "300"], []),
    "city": ([], []),
}
HEAD = """# Figures

Made by `make bench` (how, and what each bench compares: `bench/README.md`); the lines behind it are in
`performance.jsonl`. Ratios come from one run with alternating rounds; medians, in brackets least and most
of the rounds. CPU = processor seconds of client and server together. The machine did other work at the same
time, so wall figures are pessimistic.

"""


def machine() -> str:
    """Return what kind of machine this is, without its name."""
    model = "processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores {model}, {memory:.0f} GiB, Python {sys.version.split()[0]}"


def run(name: str, options: list[str]) -> dict[str, Any]:
    """Run one bench, letting its output through; return its line, or one that says why there is none."""
    path = HERE / f"{name}.py"
    shown = " ".join(["python", f"bench/{name}.py", *options])
    if not path.exists():
        return failed(name, shown, "not there yet")
    found: dict[str, Any] | None = None
    with subprocess.Popen([sys.executable, path, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said = parsed(line)
            found = said or found
            if said is None:
                print(line, end="", flush=True)
    if process.returncode or found is None:
        return failed(name, shown, f"the bench ended with code {process.returncode}")
    return found


def parsed(line: str) -> dict[str, Any] | None:
    """Return the line's object when it is the line of a bench."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "bench" in found and "rows" in found else None


def failed(name: str, shown: str, why: str) -> dict[str, Any]:
    line = {"what": f"bench {name}", "figure": None, "unit": "", "goal": None, "met": False}
    return {"bench": name, "rows": [line | {"detail": why, "command": shown}]}


def rendered(lines: list[dict[str, Any]]) -> str:
    """Return the table of these lines as Markdown."""
    parts = ["| what | figure | goal | | detail |\n|---|---|---|---|---|\n"]
    commands = ["\n| bench | command | when and where |\n|---|---|---|\n"]
    for line in lines:
        parts += [_row(one) for one in line["rows"]]
        shown = dict.fromkeys(f"`{one['command']}`" for one in line["rows"])
        when = f"{line.get('day', '')}, {line.get('machine', '')}"
        commands.append(f"| {line['bench']} | {' '.join(shown)} | {when} |\n")
    return "".join(parts + commands)


def _row(one: dict[str, Any]) -> str:
    figure = one["figure"]
    text = "none" if figure is None else f"{figure:,}" if isinstance(figure, int | float) else str(figure)
    cells = (
        one["what"],
        f"{text} {one['unit']}".strip(),
        one["goal"] or "",
        MARKS[one["met"]],
        one["detail"],
    )
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |\n"


def kept() -> dict[str, dict[str, Any]]:
    """Return the lines of earlier runs by bench."""
    if not KEPT.exists():
        return {}
    lines = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]
    return {line["bench"]: line for line in lines}


def write(lines: list[dict[str, Any]]) -> None:
    """Put these lines beside those kept, and render the page."""
    all_lines = kept() | {line["bench"]: line for line in lines}
    ordered = [all_lines[name] for name in BENCHES if name in all_lines]
    KEPT.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in ordered), encoding="utf-8"
    )
    PAGE.write_text(HEAD + rendered(ordered), encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    own = words[words.index("--") + 1 :] if "--" in words else None
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--short", action="store_true", help="a few minutes in all")
    parser.add_argument("--write", action="store_true", help="render docs/performance.md")
    asked = parser.parse_args(words[: words.index("--")] if "--" in words else words)
    unknown = set(asked.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))} (there are {', '.join(BENCHES)})")
    lines = []
    for name in asked.names or BENCHES:
        options = BENCHES[name][SHORT if asked.short else LONG] if own is None else own
        print(f"== {name} {' '.join(options)}".rstrip(), flush=True)
        lines.append(run(name, options) | {"day": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()})
        print(json.dumps(lines[-1], ensure_ascii=False), flush=True)
    print(rendered(lines))
    if asked.write:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
