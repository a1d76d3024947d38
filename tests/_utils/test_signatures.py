"""Functions with other defaults than those they are copies of."""

import inspect

import pytest

from cxrclf._utils.signatures import with_defaults


def original(a, b=1, *, c=2, d=3):
    """Return all arguments."""
    return a, b, c, d


def test_other_defaults_and_the_rest_as_it_was():
    changed = with_defaults(original, b=10, d=30)
    assert changed(0) == (0, 10, 2, 30)
    assert changed(0, 4, c=5, d=6) == (0, 4, 5, 6)
    assert changed.__doc__ == original.__doc__
    assert original(0) == (0, 1, 2, 3)


def test_the_signature_shows_the_new_defaults():
    parameters = inspect.signature(with_defaults(original, c=20)).parameters
    assert list(parameters) == ["a", "b", "c", "d"]
    assert parameters["c"].default == 20
    assert parameters["d"].default == 3


def test_defaults_of_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match=r"original has no defaults of \['x', 'y'\]"):
        with_defaults(original, y=1, x=2)
