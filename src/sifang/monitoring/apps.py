from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "sifang.monitoring"
    label = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let acts open, close and end what they are about."""
        from sifang.monitoring import effects  # noqa: F401 (subscribes)
