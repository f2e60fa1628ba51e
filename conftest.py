"""Fixtures for every test: the database of this worker, and where the shared samples lie."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sifang.ops.pytest_plugin import django_db_setup  # noqa: F401 (a conftest goes before pytest-django)

pytest_plugins = ["tests.personae"]

# a busy machine is no fault of the code: no test fails for being slow
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with samples, law texts and geodata; fails (never skips) when it is not there."""
    folder = Path(os.environ.get("SIFANG_SHARED", Path(__file__).parent.parent / "shared")).absolute()
    if not folder.is_dir():
        pytest.fail(f"the shared folder is not at {folder}; set SIFANG_SHARED")
    return folder
