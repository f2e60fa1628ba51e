from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "sifang.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "页面"
