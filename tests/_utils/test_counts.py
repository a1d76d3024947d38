import pytest

from cxrclf._utils.counts import format_count


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 maps"), (1, "1 map"), (2000, "2,000 maps")]
)
def test_the_noun_has_a_plural(n, text):
    assert format_count(n, "map") == text


def test_another_plural():
    assert format_count(1, "copy is", "copies are") == "1 copy is"
    assert format_count(0, "copy is", "copies are") == "0 copies are"
