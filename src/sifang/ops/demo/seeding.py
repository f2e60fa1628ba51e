"""Fill an empty database with the demonstration city, in one transaction; a second call changes nothing."""

import random
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from sifang.cases.calendars import calendar
from sifang.kernel.time import utc_now
from sifang.monitoring.services.lines import line_in_force
from sifang.ops.demo.agencies import PASSWORD, Organs, make_organs
from sifang.ops.demo.course import Life, World
from sifang.ops.demo.persons import ZHANGSAN, Entry, in_the_year, people
from sifang.ops.demo.plans import live_through
from sifang.ops.demo.positioning import plan_positioning
from sifang.ops.demo.roster import Roster
from sifang.ops.demo.simulation import write_plan
from sifang.ops.demo.specials import plan_special
from sifang.ops.demo.tracked import Track, Tracker
from sifang.ops.demo.writing import write
from sifang.ops.demo.zhangsan import plan_zhangsan
from sifang.people.access import system
from sifang.people.models import Delegation, Person, Role
from sifang.people.services import grant_role, register_officer

PERSONS, TRACKED = 3_292, 100
STEP, LIVES_STEP = 25, 1000


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 (progress of a command)


def seed(
    *,
    sim_file: Path,
    persons: int = PERSONS,
    tracked: int = TRACKED,
    say: Callable[[str], None] = _say,
    seed_number: int = 20261123,
) -> bool:
    """Seed unless there are persons already; return whether anything was made. Run as role owner.

    `persons`: so many are under correction now; as many more as in the city ended within the year. `tracked`
    of them get a measure (at most all of them). The plan for the simulator is written
    before the commit: a crash in between leaves a file that the next call replaces.
    """
    chance = random.Random(seed_number)
    tracked = min(tracked, persons)
    with system("migration"):
        if Person.objects.exists():
            return False
        now = utc_now()
        say("      机构和工作人员")
        organs = make_organs(now)
        say(f"      {in_the_year(persons)} 名社区矫正对象，其中 {persons} 名在矫")
        roster = Roster(organs)
        world = World(roster, calendar(), now, chance)
        Delegation.objects.bulk_create(roster.delegate(world.today))
        entries = people(organs, world.today, persons, tracked, chance)
        lives = _lives(world, entries, say)
        write(lives, say)
        if entries:
            _account(entries[0], organs)
        say("      行政界线（两种来源对比）")
        for code in ("370100", "370124", "370126"):
            line_in_force(code)
        write_plan(sim_file, _track(organs, entries, lives, chance, say))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # so that the first pages are planned for a full city
    return True


def _lives(world: World, entries: list[Entry], say: Callable[[str], None]) -> list[Life]:
    """Let everybody live up to now, in memory."""
    lives = []
    for place, entry in enumerate(entries, 1):
        life = Life(entry.case, world, entry.special)
        if entry.special == "zhangsan":
            plan_zhangsan(life, entry)
            life.live()
        else:
            if entry.ground is not None:
                plan_positioning(life, entry)
            plan_special(life)
            live_through(life, entry.fate)
        lives.append(life)
        if place % LIVES_STEP == 0:
            say(f"      经过 {place}/{len(entries)}")
    return lives


def _account(entry: Entry, organs: Organs) -> None:
    """The supervised person's own sign-in (DESIGN § 15)."""
    assert entry.person.number == ZHANGSAN
    account = register_officer("zhangsan", "张三", None, person=entry.person, is_demo=True)
    account.password = organs.officers["wangke"].password  # the same public word
    account.save(update_fields=["password"])
    assert account.check_password(PASSWORD)
    grant_role(account, Role.PERSON, valid_from=entry.case.opened_at)


def _track(
    organs: Organs, entries: list[Entry], lives: list[Life], chance: random.Random, say: Callable[[str], None]
) -> list[Track]:
    tracker = Tracker(organs, utc_now(), chance)
    to_track = [(one, life) for one, life in zip(entries, lives, strict=True) if one.ground is not None]
    tracks: list[Track] = []
    for index, (entry, life) in enumerate(to_track):
        tracks.append(tracker.track(index, entry, life))
        if len(tracks) % STEP == 0 or len(tracks) == len(to_track):
            say(f"      电子定位措施 {len(tracks)}/{len(to_track)}")
    return tracks
