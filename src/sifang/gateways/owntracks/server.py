"""The OwnTracks gateway on the devices' HTTP port; the secret is HTTP Basic's password."""

import time
from collections.abc import Callable

from sifang.gateways.owntracks.decoder import decode_request
from sifang.gateways.owntracks.manifest import NAME, PATHS
from sifang.monitoring.intake.http import Handler
from sifang.monitoring.intake.http_fixes import HttpGateway
from sifang.monitoring.intake.http_request import Request
from sifang.monitoring.intake.session import Intake


def secret_of(request: Request) -> str | None:
    basic = request.basic()
    return basic[1] if basic is not None else None


def routes(intake: Intake, clock: Callable[[], float] = time.time) -> dict[str, Handler]:
    """Return the paths of this gateway for `DeviceHttpServer`; its answer is an empty list of commands."""
    gateway = HttpGateway(intake, NAME, decode_request, secret_of, lambda _received: [], clock=clock)
    return dict.fromkeys(PATHS, gateway.handle)
