import argparse

import pytest

from cxrclf._cli.command import (
    add_command,
    add_output_options,
    image_size,
    positive,
    speaks,
)


def make_parser(**options):
    parser = argparse.ArgumentParser(prog="cxrclf")
    command = add_command(
        parser.add_subparsers(required=True),
        "count",
        len,
        summary="count images",
        description="Count images.\n\n    DIR/<image>",
        failure="if there is no image",
        examples="  cxrclf count DIR\n",
    )
    add_output_options(command, **options)
    return parser


def test_help_has_an_example_and_the_exit_status(capsys):
    with pytest.raises(SystemExit) as exit_info:
        make_parser().parse_args(["count", "--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    assert "examples:\n  cxrclf count DIR\n" in text
    assert "    DIR/<image>\n" in text
    assert "1 if there is no image, 2 after" in text
    assert max(map(len, text.splitlines())) <= 80


def test_options_of_all_commands():
    options = make_parser().parse_args(["count"])
    assert options.run is len
    assert [options.json, options.quiet, options.overwrite] == [False] * 3
    assert speaks(options)
    for name in ("--json", "--quiet"):
        assert not speaks(make_parser().parse_args(["count", name]))
    with pytest.raises(SystemExit):
        make_parser(overwrite=False).parse_args(["count", "--overwrite"])


def test_options_have_no_short_forms():
    # A script with a short form would break with the next option.
    with pytest.raises(SystemExit):
        make_parser().parse_args(["count", "--over"])


@pytest.mark.parametrize(
    ("text", "size"), [("224", 224), ("320x256", (320, 256)), ("32X16", (32, 16))]
)
def test_image_size(text, size):
    assert image_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "0x3", "1x2x3", "x", "large"])
def test_no_image_size(text):
    with pytest.raises(
        argparse.ArgumentTypeError, match="is not an image size. Pass one"
    ):
        image_size(text)


def test_positive():
    assert positive("12") == 12
    for text in ("0", "-3", "1.0", "many"):
        with pytest.raises(argparse.ArgumentTypeError, match="not a whole number of 1"):
            positive(text)
