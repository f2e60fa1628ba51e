"""A PostgreSQL of its own for a bench: Debian's or the embedded one, durable, ended with the bench."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from sifang.ops.postgres import Postgres

DEBIAN = Path("/usr/lib/postgresql/15/bin")
POSTGIS = Path("/usr/share/postgresql/15/extension/postgis.control")


class MissingPackage(SystemExit):
    """Said in one line, as `make bench` says it."""


def debian() -> Path:
    """Return the folder of Debian's PostgreSQL with PostGIS. Raises MissingPackage."""
    if not POSTGIS.exists() or not (DEBIAN / "postgres").exists():
        raise MissingPackage("missing Debian package: postgresql-15-postgis-3")
    return DEBIAN


@contextlib.contextmanager
def server(program: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Run a new durable cluster as an ordinary user; gives its URL and a folder."""
    with tempfile.TemporaryDirectory(prefix="sfb-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        cluster = Postgres(folder / "postgres", folder / "secrets", program=program)
        cluster.make_cluster()
        process = cluster.spawn()
        try:
            cluster.wait(process)
            with psycopg.connect(cluster.url(), autocommit=True) as admin:
                admin.execute(
                    "ALTER SYSTEM SET max_wal_size = '4GB'"
                )  # no checkpoint in the middle of a round
                admin.execute("ALTER SYSTEM SET shared_buffers = '512MB'")
            process.send_signal(signal.SIGINT)
            process.wait(60)
            process = cluster.spawn()
            cluster.wait(process)
            with psycopg.connect(cluster.url(), autocommit=True) as admin:
                for name_of, wanted in (("fsync", "on"), ("synchronous_commit", "on")):
                    found = admin.execute(f"SHOW {name_of}").fetchone()
                    assert found == (wanted,), (name_of, found)
            yield cluster.url(), folder
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def backend_of(connection: psycopg.Connection) -> int:
    """Return the process that serves this connection."""
    found = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert found is not None
    assert Path(f"/proc/{found[0]}").exists(), os.uname().sysname
    return int(found[0])
