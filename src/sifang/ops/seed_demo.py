"""`python -m sifang.ops.seed_demo`: fill an empty database with the demonstration city, as role owner."""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sifang.kernel.errors import SifangError


def main() -> int:
    """Seed; says one line for each part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--tracked", type=int, required=True)
    parser.add_argument("--sim", type=Path, required=True)
    asked = parser.parse_args()
    if find_spec("sifang.ops.demo") is None:
        return 0
    import django

    django.setup()
    seed = import_module("sifang.ops.demo").seed
    try:
        seed(persons=asked.persons, tracked=asked.tracked, sim_file=asked.sim)
    except SifangError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
