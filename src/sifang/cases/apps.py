from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "sifang.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let acts change the register."""
        from sifang.cases import effects  # noqa: F401 (subscribes)
