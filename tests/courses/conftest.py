"""A world in which courses are lived: one session of all roles, a simulated clock, nothing remains."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from tests.courses.simulate import Course, dice
from tests.courses.world import build_world, one_session, simulated_clock, taken_back


@pytest.fixture
def living(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Course]]:
    """Return a function that begins the course of a seed; use it inside `taken_back`.

    Documents are proved elsewhere and would take half of the time: here acts issue none.
    """
    from sifang.cases.documents import issue

    monkeypatch.setattr(issue, "issue", lambda *_: None)
    with simulated_clock() as clock, one_session():
        clock.at = datetime(2020, 12, 1, tzinfo=UTC)
        world = build_world()

        def begin(seed: int, **facts: object) -> Course:
            random = Random(seed)
            chosen = dice(random)
            for name, value in facts.items():
                setattr(chosen, name, value)
            course = Course(world, clock, random, chosen)
            course.begin()
            return course

        yield begin


__all__ = ["living", "taken_back"]
