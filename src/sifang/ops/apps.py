from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Wires the rooms together when Django starts."""

    name = "sifang.ops"
    label = "ops"

    def ready(self) -> None:
        from sifang.ops.settings import read
        from sifang.ops.wiring import wire

        wire(read())
