from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "sifang.ops"
    label = "ops"
