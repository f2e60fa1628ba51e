"""A supervisor whose watch sees a clock that a script can set. `python -m tests.faults.jumpy_up up`."""

import sys
from collections.abc import Callable

from sifang.ops import start
from sifang.ops.children import Child
from sifang.ops.supervisor import Supervisor


class JumpySupervisor(Supervisor):
    """Starts `tests.faults.jumpy_watch` in the place of the watch."""

    def _service(self, name: str, argv: list[str], serves: Callable[[], bool], process: str) -> Child:
        if name == "watch":
            argv = ["-m", "tests.faults.jumpy_watch"]
        return super()._service(name, argv, serves, process)


if __name__ == "__main__":
    start.Supervisor = JumpySupervisor
    sys.exit(start.start(is_demo=False, is_detached=False))
