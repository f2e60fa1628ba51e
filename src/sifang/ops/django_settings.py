"""Django's settings, filled from the one frozen `Settings`; processes choose their database role."""

import os

SECRET_KEY = os.environ.get("SIFANG_SECRET_KEY", "replaced-by-ops")
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "sifang.ledger",
    "sifang.people",
    "sifang.cases",
    "sifang.monitoring",
    "sifang.web",
]
AUTH_USER_MODEL = "people.Officer"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "sifang"}}
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
