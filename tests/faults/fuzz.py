"""Mutated bytes into every door: decoders, connections, HTTP ingestion, kernels, blocks, chunks, snapshots.

    python tests/faults/fuzz.py --inputs 1000000 [--seed 1] [--only jt808,http,…]

Inputs are the samples of `../shared` and our own captured frames, mutated byte by byte (flipped, cut,
doubled, spliced, lengths set to extremes). Promise: nothing comes out but an answer or the part's own
refusal, no part swallows another exception into its log, memory stays bounded, and no compiled kernel leaves
its arrays (the run compiles them with numba's boundscheck).
Prints one JSON line; exit 1 when a promise was broken. The seed reproduces the run. Nothing is listened on.
"""

import os
import sys
import tempfile
from pathlib import Path

_COMPILED = os.environ.get("NUMBA_CACHE_DIR") or f"{tempfile.gettempdir()}/sifang-numba-{os.getuid()}"
CHECKED = Path(_COMPILED + "-checked")  # the cache of checked kernels
os.environ["NUMBA_BOUNDSCHECK"] = "1"  # before numba is imported by anything
os.environ["NUMBA_CACHE_DIR"] = str(CHECKED)
CHECKED.mkdir(mode=0o700, parents=True, exist_ok=True)
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

import argparse  # noqa: E402 (numba must find its settings first)
import asyncio  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402

from tests.faults.common import fuzzed  # noqa: E402
from tests.faults.common.troubles import noticed  # noqa: E402


def memory_mb() -> float:
    """Return the resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


async def run(inputs: int, seed: int, only: set[str]) -> dict[str, object]:
    """Feed `inputs` mutated inputs, shared among the doors; return the figures."""
    doors = {name: door for name, door in fuzzed.DOORS.items() if not only or name in only}
    answers: Counter[str] = Counter()
    broken: list[str] = []
    fed: dict[str, int] = {}
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: broken.append(f"loop: {context.get('exception') or context['message']!r}")
    )
    weights = sum(door.weight for door in doors.values())
    grown = 0.0
    for name, door in doors.items():
        chance = random.Random(f"{seed}:{name}")
        feed = door.make(chance)
        wanted = -(-inputs * door.weight // weights)  # not one too few
        before, done = 0.0, 0
        while done < wanted:
            try:
                with noticed(broken):
                    told = await feed(min(door.at_once, wanted - done))
            except Exception as error:  # noqa: BLE001 (whatever comes out is the finding)
                broken.append(f"{name} after {done}: {type(error).__name__}: {error}"[:300])
                feed, told = door.make(chance), Counter({"broken": 1})
            if len(broken) > 20:
                break
            answers.update({f"{name}:{what}": n for what, n in told.items()})
            done += sum(told.values())
            if not before and done >= wanted // 4:
                before = memory_mb()  # what is compiled and cached is there by now
        fed[name] = done
        grown = max(grown, memory_mb() - before if before else 0.0)
    if grown > 50:
        broken.append(f"memory grew by {grown:.0f} MB")
    return {
        "inputs": sum(fed.values()), "by_door": fed, "answers": dict(answers.most_common(40)),
        "grown_mb": round(grown, 1), "broken": broken,
    }  # fmt: skip


def main() -> int:
    """Run once; 1 when anything but an answer or a refusal came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help=f"of {', '.join(fuzzed.DOORS)}")
    arguments = parser.parse_args()
    begun = time.monotonic()
    found = asyncio.run(
        run(arguments.inputs, arguments.seed, {one for one in arguments.only.split(",") if one})
    )
    head = {"fault": "fuzz", "seed": arguments.seed, "seconds": round(time.monotonic() - begun)}
    sys.stdout.write(json.dumps(head | found) + "\n")
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
