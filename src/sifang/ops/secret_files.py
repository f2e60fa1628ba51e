"""Secrets that an installation makes for itself and keeps in files only its own user may read."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make (if needed) a folder that only its owner may enter, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def data_folder(path: Path) -> Path:
    """Make the data folder; root leaves it passable, so that PostgreSQL's user reaches its part."""
    private_folder(path)
    if os.geteuid() == 0:
        path.chmod(0o711)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that at no moment others can read it or half of it exists."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)  # a full disk is not filled further by what could not be written
        raise


def kept(path: Path, make: Callable[[], str] = secrets.token_urlsafe) -> str:
    """Return the secret in `path`; make and keep one at the first call."""
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    private_folder(path.parent)
    write_private(path, make())
    return path.read_text(encoding="utf-8").strip()


def kept_mapping(path: Path) -> dict[str, str]:
    """Return the mapping of names to secrets in `path`, empty when there is none yet."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {str(name): str(value) for name, value in found.items()}
