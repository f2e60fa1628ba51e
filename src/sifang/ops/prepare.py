"""Brings the database to this version: roles, database, migrations, grants. Run before each start.

`python -m sifang.ops.prepare`, in a process of its own, as the role owner; every step may be repeated.
"""

import os
import sys

import psycopg

from sifang.kernel.errors import SifangError
from sifang.ops import databases, roles
from sifang.ops.secret_files import kept
from sifang.ops.settings import Settings, read


class DatabaseUnreachable(SifangError):
    """数据库无法连接：{reason}"""

    code = "database_unreachable"


class TooNew(SifangError):
    """数据库由更新的版本建立（{names}），本版本不能打开；请安装新版本。"""

    code = "too_new"


def make_roles_and_database(settings: Settings) -> None:
    """Make what is missing before Django can start. Raises RolesFailed, DatabaseUnreachable."""
    kept(settings.secrets_folder / "django_key")
    if settings.database_url is None and not databases.is_embedded(settings):
        return  # all five roles were given from outside
    words = roles.passwords(settings.secrets_folder / "roles.json")
    admin = databases.admin_url(settings)
    name = str(psycopg.conninfo.conninfo_to_dict(admin).get("dbname") or roles.DATABASE)
    try:
        roles.prepare_database(admin, words, name)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DatabaseUnreachable(reason=reason) from error


def migrate() -> int:
    """Apply the migrations that are missing, as owner; return how many. Raises TooNew."""
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connection)
    ours = {app.label for app in django.apps.apps.get_app_configs()}
    known = set(executor.loader.disk_migrations)
    newer = [key for key in executor.loader.applied_migrations if key[0] in ours and key not in known]
    if newer:
        raise TooNew(names="、".join(sorted(f"{app} {name}" for app, name in newer)))
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    publish()
    return len(plan)


def publish() -> int:
    """Publish the editions of procedures that the database does not have yet. Raises EditionChanged."""
    from sifang.cases.editions import publish_editions

    return publish_editions()


def main() -> int:
    """Prepare the database of this installation, saying what was done."""
    try:
        settings = read()
        make_roles_and_database(settings)
        done = migrate()
        with psycopg.connect(databases.url_of(settings, "owner")) as owner:
            roles.grant_tables(owner)
    except SifangError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if done:
        sys.stdout.write(f"应用了 {done} 个数据库变更\n")
    return 0


if __name__ == "__main__":
    os.environ["SIFANG_PROCESS"] = "owner"
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"
    sys.exit(main())
