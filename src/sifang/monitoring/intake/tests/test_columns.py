"""The quick ways to copy rows give what numpy's own give."""

import numpy as np
import pytest

from sifang.monitoring.intake.columns import FIX, copy_of, numbers_in, rows_at


def some(n):
    return np.frombuffer(np.random.default_rng(n).bytes(n * FIX.itemsize), FIX)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_rows_by_place_and_by_mask_are_copies_of_those_rows(n):
    fixes = some(n)
    mask = np.arange(n) % 2 == 0
    places = np.flatnonzero(mask)[::-1]
    assert rows_at(fixes, mask).tobytes() == fixes[mask].tobytes()
    assert rows_at(fixes, places).tobytes() == fixes[places].tobytes()
    assert rows_at(fixes, mask).flags.writeable


def test_rows_of_a_table_come_in_the_shape_of_the_places():
    table = some(12).reshape(3, 4)
    places = np.array([[0, 5], [11, 3]])
    assert rows_at(table, places).tobytes() == table.reshape(-1)[places].tobytes()
    assert rows_at(table, places).shape == (2, 2)


def test_a_copy_is_contiguous_and_changes_nothing_else():
    fixes = some(8)
    copy = copy_of(fixes[::2])
    assert copy.tobytes() == fixes[::2].tobytes()
    assert copy.flags.c_contiguous
    copy["taken_s"] = 0
    assert fixes.tobytes() == some(8).tobytes()


@pytest.mark.parametrize("column", [[], [3], [5, -1, 5, 2, 2, -1]])
def test_numbers_in_a_column(column):
    assert numbers_in(np.array(column, np.int32)).tolist() == sorted(set(column))
