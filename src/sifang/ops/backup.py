"""`sifang backup DIR` and `sifang restore DIR`: the database, and, apart from it, the keys.

DIR/<moment>/database is a base backup of the embedded PostgreSQL (pg_basebackup, verified), beside it the
holiday tables and statute texts that the office added; the keys and the
installation's own secrets go to KEYS/<moment> (KEYS is DIR/keys unless given: put it elsewhere, whoever has
both has everything). KEYS/destroyed is the list of all destructions known here; it is never thrown away,
while copies of keys older than the shortest retention are. `restore` applies every list it can find, the
live backup folder's (SIFANG_KEY_BACKUP) too, before it lays a single key into place: what was destroyed
after the backup stays unreadable. So positions of hours that were not yet compacted when the backup was
made can be read from it only while their hour's key lives.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import psycopg

from sifang.kernel.errors import SifangError
from sifang.monitoring.intake.keyfiles import LIST, KeyFolder
from sifang.ops import databases
from sifang.ops.postgres import SUPERUSER, Postgres
from sifang.ops.roles import DATABASE
from sifang.ops.runtime import holder, version
from sifang.ops.secret_files import data_folder, private_folder, write_private
from sifang.ops.settings import Settings

SHORTEST_DAYS = 7  # of keeping keys, where the database does not say otherwise
_STAMP = "%Y%m%dT%H%M%SZ"
_SAID = "backup.json"
OFFICE_FOLDERS = (
    "calendars",
    "law-texts",
)  # what an office added to the law at hand: without it, days differ


class BackupFailed(SifangError):
    """备份没有完成：{reason}"""

    code: ClassVar[str] = "backup_failed"


class RestoreRefused(SifangError):
    """不能恢复：{reason}"""

    code: ClassVar[str] = "restore_refused"


def backup(settings: Settings, target: Path, keys: Path | None = None) -> Path:
    """Make one backup of the running installation; return the folder of its database part.

    An external database is the business of its administrators: then only keys and secrets are kept.
    Raises BackupFailed.
    """
    is_embedded = databases.is_embedded(settings)
    if is_embedded and not databases.embedded(settings).answers():
        raise BackupFailed(reason="内置数据库没有运行，请先运行 sifang up")
    now = datetime.now(UTC)
    stamp = now.strftime(_STAMP)
    place = private_folder(target.absolute()) / stamp
    key_home = private_folder((keys or target / "keys").absolute())
    if place.exists() or (key_home / stamp).exists():
        raise BackupFailed(reason=f"{place} 已经存在")
    draft = place.with_name(f".{stamp}.part")
    private_folder(draft)
    try:
        if is_embedded:
            _base_backup(databases.embedded(settings), draft / "database")
        for name in OFFICE_FOLDERS:
            if (settings.data / name).is_dir():
                shutil.copytree(settings.data / name, draft / name)
        # the keys last: whatever the database part holds, its key was made before
        _keep_keys(settings, key_home, stamp)
        said = {"made_at": now.isoformat(), "version": version(), "database": is_embedded}
        write_private(draft / _SAID, json.dumps(said))
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    days = shortest_days(settings)
    prune(key_home, now - timedelta(days=days))
    return place


def restore(settings: Settings, source: Path, keys: Path | None = None) -> int:
    """Lay the newest backup into the empty data folder; return how many keys it can still open.

    Raises RestoreRefused.
    """
    data = settings.data
    if holder(data) is not None:
        raise RestoreRefused(reason=f"{data} 上有一个四方在运行，先运行 sifang down")
    if any((data / name).exists() for name in ("postgres", "keys", "secrets")):
        raise RestoreRefused(reason=f"数据目录 {data} 不是空的，请另设 SIFANG_DATA")
    found = sorted(one for one in source.absolute().glob("[0-9]*T*Z") if (one / _SAID).exists())
    if not found:
        raise RestoreRefused(reason=f"{source} 里没有完整的备份")
    key_home = (keys or source / "keys").absolute()
    sets = sorted(one for one in key_home.glob("[0-9]*T*Z") if one.name >= found[-1].name)
    if not sets:
        raise RestoreRefused(reason=f"{key_home} 里没有 {found[-1].name} 的密钥，备份不能打开")
    data_folder(data)
    opened = _lay_keys(settings, key_home, sets[0])
    _lay_secrets(settings, sets[0])
    for name in OFFICE_FOLDERS:
        if (found[-1] / name).is_dir():
            shutil.copytree(found[-1] / name, data / name, dirs_exist_ok=True)
    if (found[-1] / "database").exists():
        _lay_database(databases.embedded(settings), found[-1] / "database")
    return opened


def prune(key_home: Path, before: datetime) -> int:
    """Overwrite and remove the copies of keys made before an instant (aware); the list stays."""
    done = 0
    for one in key_home.glob("[0-9]*T*Z"):
        if datetime.strptime(one.name, _STAMP).replace(tzinfo=UTC) >= before:
            continue
        folder = KeyFolder(one / "journal")
        if folder.path.exists():
            folder.shred(folder.names())
        shutil.rmtree(one)
        done += 1
    return done


def shortest_days(settings: Settings) -> int:
    """Return the shortest retention in force, in days; SHORTEST_DAYS where the database cannot say."""
    query = (
        "SELECT min(days) FROM (SELECT DISTINCT ON (kind) days FROM monitoring_retentionpolicy"
        " WHERE valid_from <= (now() AT TIME ZONE 'Asia/Shanghai')::date"
        " ORDER BY kind, valid_from DESC, decided_at DESC) AS p"
    )
    try:
        with psycopg.connect(databases.url_of(settings, "owner"), connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
    except (psycopg.Error, SifangError):
        return SHORTEST_DAYS
    return int(row[0]) if row and row[0] else SHORTEST_DAYS


# ---- the keys


def _keep_keys(settings: Settings, key_home: Path, stamp: str) -> None:
    """Copy keys and secrets into a set of its own, and bring the list of destructions up to date."""
    live = KeyFolder(settings.keys_folder)
    part = KeyFolder(private_folder(key_home / f".{stamp}.part") / "journal")
    part.make()
    destroyed = _destroyed(settings, key_home, live.path if live.path.exists() else None)
    top = KeyFolder(key_home)
    top.add_to_list(destroyed)
    if live.path.exists():
        for name in sorted(live.names() - set(destroyed)):
            key = live.read(name)
            if key is not None:
                part.put(name, key)
        again = live.destroyed().names  # what was destroyed while we copied
        top.add_to_list(again)
        part.shred(again)
    kept_secrets = private_folder(part.path.parent / "secrets")
    for file in sorted(settings.secrets_folder.glob("*")):
        write_private(kept_secrets / file.name, file.read_text(encoding="utf-8"))
    part.path.parent.rename(key_home / stamp)
    top.sync()


def _destroyed(settings: Settings, key_home: Path, live: Path | None) -> list[str]:
    """Return every name that any list within reach calls destroyed."""
    folders = [key_home, settings.key_backup_folder, *(one / "journal" for one in key_home.glob("[0-9]*T*Z"))]
    if live is not None:
        folders.insert(0, live)
    names = [name for one in folders if (one / LIST).exists() for name in KeyFolder(one).destroyed().names]
    return list(dict.fromkeys(names))


def _lay_keys(settings: Settings, key_home: Path, kept: Path) -> int:
    home = KeyFolder(settings.keys_folder)
    home.make()
    destroyed = _destroyed(settings, key_home, None)
    home.add_to_list(destroyed)  # first of all
    copied = KeyFolder(kept / "journal")
    for name in sorted(copied.names() - set(destroyed)):
        key = copied.read(name)
        if key is not None:
            home.put(name, key)
    return len(home.names())


def _lay_secrets(settings: Settings, kept: Path) -> None:
    private_folder(settings.secrets_folder)
    for file in sorted((kept / "secrets").glob("*")):
        write_private(settings.secrets_folder / file.name, file.read_text(encoding="utf-8"))


# ---- the database


def _base_backup(server: Postgres, folder: Path) -> None:
    """Copy the running cluster with all write-ahead log it needs, verified. Raises BackupFailed."""
    with _password_file(server) as environment:
        _run(
            [server.program("pg_basebackup"), "-D", folder, "-h", server.socket_folder, "-U", SUPERUSER,
             "-X", "stream", "-c", "fast", "--no-password"],
            environment,
        )  # fmt: skip
    _run([server.program("pg_verifybackup"), "--quiet", folder], environment)


@contextmanager
def _password_file(server: Postgres) -> Iterator[dict[str, str]]:
    """Give the environment in which the cluster's own tools find the superuser's password (file, 0600)."""
    path = server.secrets_folder / f".pgpass.{secrets.token_hex(4)}"
    word = server.password.replace("\\", "\\\\").replace(":", "\\:")
    write_private(path, f"*:*:*:{SUPERUSER}:{word}\n")
    try:
        yield {"PGPASSFILE": str(path), "PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    finally:
        path.unlink()


def _run(argv: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 (our own binaries)
        argv, env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupFailed(reason=(done.stderr.strip() or str(argv[0])).splitlines()[-1])


def _lay_database(server: Postgres, folder: Path) -> None:
    fresh = server.home / f"data.{secrets.token_hex(4)}"
    shutil.copytree(folder, fresh, symlinks=True)
    server.own_all(fresh)
    fresh.chmod(0o700)
    fresh.rename(server.data)


def main(verb: str, folder: str, keys: str | None) -> int:
    """Run `sifang backup` or `sifang restore` and say what was done."""
    from sifang.ops.settings import read

    settings, place = read(), Path(folder).expanduser()
    key_place = Path(keys).expanduser() if keys else None
    if verb == "backup":
        made = backup(settings, place, key_place)
        sys.stdout.write(f"已备份到 {made}\n密钥在 {key_place or place / 'keys'}，请与数据库分开保管。\n")
        if not (made / "database").exists():
            sys.stdout.write(f"外部数据库 {DATABASE} 没有备份，请由数据库管理员备份。\n")
        return 0
    opened = restore(settings, place, key_place)
    sys.stdout.write(f"已恢复到 {settings.data}，密钥 {opened} 个；已销毁的不再恢复。运行 sifang up 启动。\n")
    return 0
