"""Left-out files in the description of a data set."""

import os

from cxrclf.datasets._left_out import describe_left_out, format_path, merge_left_out


def test_reasons_are_merged():
    merged = merge_left_out(
        {"hidden": ["a"], "beside": []}, {"type": ["b"], "hidden": ["c"]}
    )
    assert merged == {"type": ["b"], "hidden": ["a", "c"]}
    assert merge_left_out() == {}


def test_counts_and_a_few_names():
    text = describe_left_out(
        {
            "type": ["a/1.txt", "a/2.TXT", "a/README", "a/3.csv "],
            "hidden": [f"a/.{n}" for n in range(5)],
        }
    )
    assert text == (
        " Left out: 4 of another type (2 .txt, 1 without extension, 1 .csv); "
        "5 hidden ('.0', '.1', '.2', ... and 2 more)."
    )
    assert describe_left_out({}) == ""


def test_many_types_are_shortened():
    text = describe_left_out({"type": [f"a.{n}" for n in range(100, 130)]})
    assert text.endswith("1 .109, 20 further types).")


def test_paths_can_always_be_printed():
    assert format_path("a b/é") == "a b/é"
    for name in (os.fsdecode(b"caf\xe9"), "two\nlines"):
        assert format_path(name).encode().decode().isprintable()
    described = describe_left_out({"hidden": [os.fsdecode(b".caf\xe9")]})
    assert described.encode().decode().isprintable()
