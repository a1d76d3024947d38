import argparse

import pytest

from cxrclf._cli.assignments import assignment, renaming


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1e-4", 1e-4),
        ("a=None", None),
        ("a=(32, 64)", (32, 64)),
        ("a='3'", "3"),
        ("a=cosine", "cosine"),
        ("a=x=y", "x=y"),
        ("a=", ""),
        ("a=a b", "a b"),
    ],
)
def test_values(text, value):
    assert assignment(text) == ("a", value)


@pytest.mark.parametrize("text", ["a", "=3", ""])
def test_no_assignment(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not an assignment. Pass"):
        assignment(text)


def test_new_names_of_classes():
    assert renaming("NORMAL=normal") == ("NORMAL", "normal")
    assert renaming("a=b=covid") == ("a=b", "covid")
    for text in ("normal", "=normal", "NORMAL="):
        with pytest.raises(argparse.ArgumentTypeError, match="renames no class. Pass"):
            renaming(text)
