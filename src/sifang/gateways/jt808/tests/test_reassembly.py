"""Sub-packages: put together in any order, within bounds."""

import pytest

from sifang.gateways.jt808.frame import Frame, Header
from sifang.gateways.jt808.reassembly import MAX_BYTES, MAX_GROUPS, RESEND_AFTER_S, Reassembler


def part(number, total=3, message_id=0x0704, body=None, serial=None):
    serial = (100 + number) % 0x10000 if serial is None else serial
    header = Header(message_id, "2013", "1", serial, total=total, number=number)
    return Frame(header, bytes([number]) if body is None else body)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 2, 3, 1)])
def test_parts_come_in_any_order_and_twice(order):
    parts = Reassembler()
    found = [parts.add(part(number), 0) for number in order]
    assert found[:-1] == [None] * (len(order) - 1)
    assert found[-1].body == b"\1\2\3"
    assert found[-1].serials == [101, 102, 103]
    assert found[-1].header.total == 0


def test_the_same_number_with_another_content_begins_a_new_message():
    parts = Reassembler()
    parts.add(part(1), 0)
    parts.add(part(2, body=b"old"), 0)
    parts.add(part(1, body=b"new"), 0)
    assert parts.add(part(3), 0) is None  # the old second part is forgotten
    assert parts.add(part(2), 0).body == b"new\2\3"


def test_the_first_serial_is_counted_back_over_the_wrap():
    parts = Reassembler()
    parts.add(part(3, total=4, serial=1), 0)
    assert parts.overdue(RESEND_AFTER_S) == ([(0xFFFF, [1, 2, 4])], 0)


def test_too_many_bytes_are_refused_and_forgotten():
    parts = Reassembler()
    fits = MAX_BYTES // 1000
    for number in range(fits):
        parts.add(part(1 + number // 2, 256, 0x0800 + number % 2, bytes(1000)), 0)
    with pytest.raises(OverflowError):
        parts.add(part(200, 256, 0x0800, bytes(1000)), 0)
    assert sum(group.size for group in parts._groups.values()) <= MAX_BYTES


def test_the_oldest_of_too_many_messages_is_given_up():
    parts = Reassembler()
    for number in range(MAX_GROUPS + 1):
        parts.add(part(1, message_id=0x0900 + number), number)
    assert len(parts._groups) == MAX_GROUPS
    assert 0x0900 not in parts._groups
