"""How long a document takes: every kind, again and again in one process.

python tools/measure_documents.py 20
"""

import statistics
import sys
from time import perf_counter

from sifang.cases.documents.catalogue import all_kinds
from sifang.cases.documents.render import render
from sifang.cases.tests.document_samples import content_of


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    contents = {kind: content_of(kind) for kind in all_kinds()}
    times, sizes = [], []
    for number in range(rounds):
        for kind, content in contents.items():
            fresh = {
                **content,
                "verification": f"{number:04d}-{content['verification']}",
            }  # nothing remembered
            begun = perf_counter()
            sizes.append(len(render(kind, fresh, draft=False)))
            times.append((perf_counter() - begun) * 1000)
    first, rest = times[0], sorted(times[1:])
    p50, p95 = rest[len(rest) // 2], rest[len(rest) * 95 // 100]
    print(f"{len(contents)} kinds, {len(times)} documents: first {first:.0f} ms, then")
    print(f"mean {statistics.fmean(rest):.1f} ms, p50 {p50:.1f}, p95 {p95:.1f}, most {rest[-1]:.1f};")
    print(f"mean size {statistics.fmean(sizes) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
