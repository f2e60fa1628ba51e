"""Django's settings, filled from the one frozen `Settings`; processes choose their database role."""

import secrets

from sifang.ops.databases import django_databases
from sifang.ops.settings import read
from sifang.web import site
from sifang.web.config import origin_of

SIFANG = read()
_key_file = SIFANG.secrets_folder / "django_key"

# Before the first start there is no key file; tools such as makemigrations then use one of the moment.
SECRET_KEY = SIFANG.secret_key or (
    _key_file.read_text(encoding="utf-8") if _key_file.exists() else secrets.token_urlsafe(48)
)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *SIFANG.hosts]
if SIFANG.process == "test":
    ALLOWED_HOSTS.append("testserver")

INSTALLED_APPS = [
    *site.APPS,
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "csp",
    "sifang.ledger",
    "sifang.people",
    "sifang.cases",
    "sifang.monitoring",
    "sifang.web",
    "sifang.ops",
]
DATABASES = django_databases(SIFANG)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Officer"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SIFANG.behind_https
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in SIFANG.hosts] if SIFANG.behind_https else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SIFANG.behind_https else None

USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
USE_I18N = True
LOGGING_CONFIG = None  # structlog, see sifang.ops.logs

_tiles = origin_of(SIFANG.basemap_url) if SIFANG.basemap != "none" else ""
globals().update(site.settings(_tiles))  # apps, middleware, templates and policies of the pages
