"""Which database role each process works as, and Django's DATABASES for it."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

from sifang.kernel.errors import SifangError
from sifang.ops.postgres import Postgres
from sifang.ops.roles import DATABASE, ROLES, role_url
from sifang.ops.secret_files import kept_mapping
from sifang.ops.settings import Settings

# process → {Django alias: role}. A process holds no URL that it does not need.
ALIASES = {
    "web": {"default": "app", "reader": "reader"},
    "watch": {"default": "watch"},
    "jobs": {"default": "jobs", "reader": "reader"},
    "guard": {"default": "jobs"},
    "owner": {"default": "owner"},
    "test": {"default": "app", "owner": "owner", "watch": "watch", "reader": "reader", "jobs": "jobs"},
}


class NoDatabase(SifangError):
    """数据目录 {data} 里还没有数据库，请先运行 sifang up 或 sifang demo。"""

    code = "no_database"


def embedded(settings: Settings) -> Postgres:
    """Return the embedded server of this installation (not started)."""
    return Postgres(settings.data / "postgres", settings.secrets_folder)


def is_embedded(settings: Settings) -> bool:
    """Whether this installation runs its own PostgreSQL."""
    return settings.database_url is None and any(settings.database_url_of(role) is None for role in ROLES)


def admin_url(settings: Settings) -> str:
    """Return the URL that makes roles: the one that was set, or the embedded superuser's."""
    return settings.database_url or embedded(settings).url(DATABASE)


def url_of(settings: Settings, role: str) -> str:
    """Return the URL of a role. Raises NoDatabase before the first start."""
    if given := settings.database_url_of(role):
        return given
    word = kept_mapping(settings.secrets_folder / "roles.json").get(role)
    if word is None:
        raise NoDatabase(data=settings.data)
    return role_url(admin_url(settings), role, word)


def django_databases(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return Django's DATABASES for this process; before the first start, one that cannot connect."""
    found = {}
    for alias, role in ALIASES[settings.process].items():
        try:
            found[alias] = _entry(url_of(settings, role), is_pooled=settings.process == "web")
        except NoDatabase:
            found[alias] = {"ENGINE": "django.db.backends.postgresql", "NAME": DATABASE}
    return found


def _entry(url: str, *, is_pooled: bool) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", DATABASE),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_HEALTH_CHECKS": True,  # after PostgreSQL was restarted no request meets a dead connection
        "OPTIONS": dict(parts),
    }
    if is_pooled:
        entry["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 15}
    else:
        entry["CONN_MAX_AGE"] = None
    return entry
