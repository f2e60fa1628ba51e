"""Cases to attack."""

import pytest

from tests.attacks.limits.forge import Forger, on_case, received
from tests.personae import City


@pytest.fixture
def zhang(city: City) -> Forger:
    """张三: on probation in 历下 with a prohibition order; 趵突泉 has no delegation."""
    return on_case(city, "张三")


@pytest.fixture
def wei(city: City) -> Forger:
    """卫某: a woman on parole in 历下."""
    return on_case(city, "卫某")


@pytest.fixture
def chen(city: City) -> Forger:
    """小陈: a minor under 管制 in 历下."""
    return on_case(city, "小陈")


@pytest.fixture
def woman(city: City) -> Forger:
    """A woman received today."""
    return received(city, "沈某", sex="f")
