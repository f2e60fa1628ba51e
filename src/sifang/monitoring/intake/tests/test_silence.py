"""Many at once are one incident; one alone is a question; none of it is decided before the window is over."""

from sifang.monitoring.intake.silence import WINDOW_S, SilenceJudge

T = 1_795_420_800
CARRIERS = {m: "cmcc" if m < 20 else "cucc" for m in range(30)}


def silent(judge, measures, at=T):
    for m in measures:
        judge.fell_silent(m, at - 600 - m, at)


def test_one_silent_device_becomes_a_question_after_the_window():
    judge = SilenceJudge()
    silent(judge, [3])
    assert judge.judge(T + WINDOW_S - 1, CARRIERS).alarms == ()
    assert judge.judge(T + WINDOW_S, CARRIERS).alarms == ((3, T - 603),)
    assert judge.judge(T + WINDOW_S + 1, CARRIERS).alarms == ()


def test_who_comes_back_within_the_window_is_no_question():
    judge = SilenceJudge()
    silent(judge, [3])
    judge.heard(3)
    assert judge.judge(T + WINDOW_S, CARRIERS).alarms == ()


def test_a_third_of_one_carrier_is_one_incident_and_no_alarm():
    judge = SilenceJudge()
    silent(judge, range(6))  # 6 of 20
    said = judge.judge(T + WINDOW_S, CARRIERS)
    assert [(o.kind, o.carrier, len(o.measures), o.began_s) for o in said.began] == [
        ("carrier", "cmcc", 6, T - 605)
    ]
    assert said.alarms == ()


def test_those_already_asked_about_belong_to_the_incident_that_follows():
    judge = SilenceJudge()
    silent(judge, range(4))
    assert len(judge.judge(T + WINDOW_S, CARRIERS).alarms) == 4
    silent(judge, [4, 5], T + 100)
    said = judge.judge(T + 101, CARRIERS)
    assert [o.measures for o in said.began] == [set(range(6))]
    assert judge.judge(T + 100 + WINDOW_S, CARRIERS).alarms == ()


def test_below_a_third_or_below_five_each_is_a_question():
    judge = SilenceJudge()
    silent(judge, range(5))  # 5 of 20 = 25 %
    silent(judge, range(20, 24))  # 4 of 10 = 40 %
    said = judge.judge(T + WINDOW_S, CARRIERS)
    assert said.began == ()
    assert len(said.alarms) == 9


def test_most_devices_of_several_carriers_is_our_own_side():
    judge = SilenceJudge()
    silent(judge, [*range(10), *range(20, 25)])  # 15 of 30
    said = judge.judge(T + WINDOW_S, CARRIERS)
    assert [(o.kind, len(o.measures)) for o in said.began] == [("server", 15)]
    assert said.alarms == ()


def test_later_silences_join_the_incident():
    judge = SilenceJudge()
    silent(judge, range(6))
    judge.judge(T + WINDOW_S, CARRIERS)
    silent(judge, [7, 25], T + 100)
    said = judge.judge(T + 100 + WINDOW_S, CARRIERS)
    assert said.alarms == ((25, T + 100 - 625),)
    assert 7 in judge.outages["cmcc"].measures


def test_the_incident_ends_when_they_return_and_who_stays_silent_is_a_question():
    judge = SilenceJudge()
    silent(judge, range(6))
    judge.judge(T + WINDOW_S, CARRIERS)
    for m in (0, 1, 2):
        judge.heard(m)
    assert judge.judge(T + 200, CARRIERS).ended == ()
    judge.heard(3)
    said = judge.judge(T + 201, CARRIERS)
    assert [o.carrier for o in said.ended] == ["cmcc"]
    assert said.alarms == ()  # they return one after the other, not in one second
    judge.heard(4)
    assert judge.judge(T + 200 + WINDOW_S, CARRIERS).alarms == ()
    assert judge.judge(T + 201 + WINDOW_S, CARRIERS).alarms == ((5, T - 605),)


def test_a_measure_that_ended_is_nobodys_silence():
    judge = SilenceJudge()
    silent(judge, [3])
    assert judge.judge(T + WINDOW_S, {m: c for m, c in CARRIERS.items() if m != 3}).alarms == ()
