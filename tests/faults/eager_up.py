"""The control's supervisor: everything as in the product, but the watch acknowledges before it commits.

Only the fault scripts run it, to see that they notice. `python -m tests.faults.eager_up up`.
"""

import sys
from collections.abc import Callable

from sifang.ops import start
from sifang.ops.children import Child
from sifang.ops.supervisor import Supervisor


class EagerSupervisor(Supervisor):
    """Starts `tests.faults.eager_watch` in the place of the watch."""

    def _service(self, name: str, argv: list[str], serves: Callable[[], bool], process: str) -> Child:
        if name == "watch":
            argv = ["-m", "tests.faults.eager_watch"]
        return super()._service(name, argv, serves, process)


if __name__ == "__main__":
    start.Supervisor = EagerSupervisor
    sys.exit(start.start(is_demo=False, is_detached=False))
