"""Answers to positions: the same bytes as any frame, and one write for each connection and tick."""

import asyncio

import numpy as np
import pytest

from sifang.gateways.jt808.batch import Batch, Handed
from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.connection import ACK_BODY
from sifang.gateways.jt808.fast import Told
from sifang.gateways.jt808.frame import Header, encode_frame, encode_short
from sifang.gateways.jt808.tests.terminal import NUMBER, location
from sifang.monitoring.intake.testing import FakeIntake, device_ref


@pytest.mark.parametrize(
    ("layout", "terminal"), [("2013", NUMBER), ("2019", NUMBER), ("2013", "867584030123456")]
)
def test_a_short_answer_is_made_byte_for_byte_as_any_frame_is(layout, terminal):
    for serial in (0, 1, 0x7D7E, 0x7E02, 0xFFFF):
        body = ACK_BODY.pack(serial, 0x0200, 0)
        expected = encode_frame(Header(0x8001, layout, terminal, serial), body)
        assert encode_short(0x8001, layout, terminal, serial, body) == expected


class Hearer:
    def __init__(self):
        self.received, self.lost = [], 0

    def answer_received(self, messages):
        self.received.append(messages)

    def answer_lost(self):
        self.lost += 1


def test_a_connection_is_answered_once_for_all_its_messages_of_a_tick():
    """In their order; what was not stored is not answered, and keeps nobody else from an answer."""
    first, second = Hearer(), Hearer()
    ref, card = device_ref(NUMBER), Card()
    answers = []
    intake = FakeIntake(ref)
    intake.submit = lambda fixes, answer, _frames: answers.append((fixes, answer))
    batch = Batch(intake, "jt808")
    body = location()

    async def gather():
        for serial, connection, count in ((1, first, 1), (2, second, 2), (3, first, 1), (4, first, 1)):
            told = [Told(body, ref.index, card)] * count
            batch.add(Handed(connection, ref, 0x0200, [serial], told))
        batch.flush()

    asyncio.run(gather())
    ((fixes, answer),) = answers
    assert len(fixes) == 5
    answer(np.array([True, True, False, True, False]))
    assert first.received == [[(0x0200, [1]), (0x0200, [3])]]
    assert (first.lost, second.received, second.lost) == (1, [], 1)
    answer(np.ones(5, bool))
    assert second.received == [[(0x0200, [2])]]
    answer(None)
    assert (first.lost, second.lost) == (4, 2)
