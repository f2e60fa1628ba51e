"""Tells each room what it needs to know, once per process (the rooms' own dataclasses, DESIGN § 1)."""

from sifang.cases.config import CasesConfig
from sifang.kernel.config import provide
from sifang.kernel.events import set_deferrer
from sifang.monitoring.intake.config import IntakeConfig
from sifang.ops.runtime import version
from sifang.ops.settings import Settings, tile_template
from sifang.web.config import BaseMap, PagesConfig


def wire(settings: Settings) -> None:
    """Provide every room's configuration and say how `after` events are queued."""
    from sifang.ops.tasks import defer_event

    provide(CasesConfig(calendars=settings.data / "calendars"))
    provide(IntakeConfig(keys=settings.keys_folder, key_backup=settings.key_backup_folder))
    provide(
        PagesConfig(
            demo=settings.demo,
            version=version(),
            guard_file=settings.data / "run" / "guard.json",
            basemap=BaseMap(
                kind=settings.basemap,
                url=tile_template(settings.basemap_url),
                attribution=settings.basemap_attribution,
            ),
        )
    )
    set_deferrer(defer_event)
