"""Values that are computed ahead."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cxrclf.images._map_ahead import map_ahead


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_one_value_is_computed_ahead(n):
    started = []

    def square(number):
        started.append(number)
        return number**2

    values = []
    with ThreadPoolExecutor(1) as executor:
        for value in map_ahead(executor, square, range(n)):
            executor.submit(int).result()  # wait for all calls so far
            values.append(value)
            assert len(started) == min(len(values) + 1, n)
    assert values == [number**2 for number in range(n)]


def test_an_error_is_raised_at_its_place():
    with ThreadPoolExecutor(1) as executor:
        values = map_ahead(executor, lambda number: 6 // number, [3, 2, 0, 1])
        assert [next(values), next(values)] == [2, 3]
        with pytest.raises(ZeroDivisionError):
            next(values)
