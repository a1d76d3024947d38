"""The command lines in the documentation and in the help texts are valid."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from cxrclf._cli.main import _make_parser

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*/*.rst")), ROOT / "README.md"]
# In a code block, which is indented.
_COMMAND = re.compile(r" +(?:.*\| )?(?:\$ )?(?:python -m )?(cxrclf [a-z]+ .*)")


def find_commands(text):
    """Return the arguments of each command line in a text."""
    text = re.sub(r"\\\n\s*", "", text)
    found = map(_COMMAND.fullmatch, text.splitlines())
    lines = [re.split(r" [|>] | 2> ", match[1])[0] for match in found if match]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def help_text(command):
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        _make_parser().parse_args([command, "--help"])
    return output.getvalue().partition("examples:")[2]


COMMANDS = ["audit", "study", "train", "predict", "explain", "convert"]
TEXTS = {page.stem: page.read_text("utf-8") for page in PAGES}
TEXTS = {name: text for name, text in TEXTS.items() if find_commands(text)}


@pytest.mark.parametrize("text", [pytest.param(TEXTS[n], id=n) for n in TEXTS])
def test_commands_of_the_pages(text):
    for arguments in find_commands(text):
        _make_parser().parse_args(arguments)


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help(command):
    examples = find_commands(help_text(command))
    assert len(examples) >= 2
    for arguments in examples:
        options = _make_parser().parse_args(arguments)
        assert options.run.__module__ == f"cxrclf._cli.{command}"


def test_commands_are_found():
    assert {"command_line", "audit"} <= set(TEXTS)
    text = """
cxrclf computes much.
  $ cxrclf train a --out b \\
      --epochs 3 2> log
  cat x | cxrclf predict m -
"""
    assert find_commands(text) == [
        ["train", "a", "--out", "b", "--epochs", "3"],
        ["predict", "m", "-"],
    ]
