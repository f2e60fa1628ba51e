from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Wires the rooms together at start: what queues `after` events, and each room's configuration."""

    name = "sifang.ops"
    label = "ops"

    def ready(self) -> None:
        from sifang.kernel.events import set_deferrer
        from sifang.ops.tasks import defer_event

        set_deferrer(defer_event)
