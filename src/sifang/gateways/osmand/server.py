"""The OsmAnd gateway on the devices' HTTP port; the secret is HTTP Basic's password or the field `key`."""

import time
from collections.abc import Callable

from sifang.gateways.osmand.decoder import decode_request
from sifang.gateways.osmand.manifest import NAME, PATHS
from sifang.monitoring.intake.http import Handler
from sifang.monitoring.intake.http_fixes import HttpGateway
from sifang.monitoring.intake.http_request import Request
from sifang.monitoring.intake.session import Intake


def secret_of(request: Request) -> str | None:
    basic = request.basic()
    return basic[1] if basic is not None else request.query().get("key")


def routes(intake: Intake, clock: Callable[[], float] = time.time) -> dict[str, Handler]:
    """Return the paths of this gateway for `DeviceHttpServer`."""
    gateway = HttpGateway(
        intake, NAME, decode_request, secret_of, lambda received: {"received": received}, clock=clock
    )
    return dict.fromkeys(PATHS, gateway.handle)
