"""Ends a demonstration installation and removes its data; refuses to touch any other."""

import shutil
import sys

from sifang.kernel.errors import SifangError
from sifang.ops.runtime import DEMO_MARK, stop_running
from sifang.ops.settings import read


class NotADemo(SifangError):
    """{data} 不是演示数据，不会删除。"""

    code = "not_a_demo"


def main() -> int:
    """Remove the data folder of the demonstration."""
    try:
        data = read().data
        if not data.exists():
            return 0
        if any(data.iterdir()) and not (data / DEMO_MARK).exists():
            raise NotADemo(data=data)
        stop_running(data)
    except SifangError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    home = data / "postgres"
    if home.is_symlink():
        shutil.rmtree(home.resolve(), ignore_errors=True)
    shutil.rmtree(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
