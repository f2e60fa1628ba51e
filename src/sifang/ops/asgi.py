"""The web process's application for granian; a worker ends when granian does."""

import multiprocessing
import os
import signal
import sys

from sifang.ops.postgres import end_with_parent

os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"
os.environ.setdefault("SIFANG_PROCESS", "web")

_parent = multiprocessing.parent_process()
if _parent is not None:  # else a killed granian would leave a worker that keeps the port
    end_with_parent(signal.SIGKILL)
    if os.getppid() != _parent.pid:
        sys.exit(1)

from django.core.asgi import get_asgi_application  # noqa: E402 (after the environment is set)

from sifang.ops.logs import configure  # noqa: E402
from sifang.ops.settings import read  # noqa: E402

_settings = read()
configure(_settings.data / "logs", "web", _settings.log_level)
application = get_asgi_application()
