import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cxrclf import __version__
from cxrclf._cli.main import main

COMMANDS = ["audit", "study", "train", "predict", "explain", "convert"]


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f"cxrclf {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["audit"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert "usage: cxrclf" in capsys.readouterr().err


def test_errors_are_one_line(capsys):
    assert main(["audit", "no/such/folder"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("cxrclf: error: ")
    assert "no/such/folder" in error
    assert error.count("\n") == 1


def run_module(*arguments):
    """Run ``python -m cxrclf``, and print which modules it has imported."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['cxrclf', *{arguments!r}]\n"
        "try:\n"
        "    runpy.run_module('cxrclf', run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    names = [n for n in ('sklearn', 'torch') if n in sys.modules]\n"
        "    print('exit', stop.code, names)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return result.stdout


def test_help_lists_the_commands_without_torch():
    text = run_module("--help")
    assert "usage: cxrclf" in text
    assert "find copies, leakage and shortcuts" in text
    assert text.splitlines()[-1] == "exit 0 []"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_teaches_by_example(command, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([command, "--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    assert f"examples:\n  cxrclf {command} " in text
    assert "130 after" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 88


def make_failing(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("cxrclf._cli.audit.load_class_folder", fail)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("cv is 0."), "cv is 0."),
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_expected_errors_have_no_traceback(capsys, monkeypatch, error, text):
    make_failing(monkeypatch, error)
    assert main(["audit", "folder", "--quiet"]) == 2
    assert capsys.readouterr().err == f"cxrclf: error: {text}\n"


def test_an_error_of_the_program_has_a_traceback(monkeypatch):
    make_failing(monkeypatch, AttributeError("to be reported"))
    with pytest.raises(AttributeError, match="to be reported"):
        main(["audit", "folder", "--quiet"])


def test_interruption_is_one_line(capsys, monkeypatch):
    make_failing(monkeypatch, KeyboardInterrupt())
    assert main(["audit", "folder"]) == 130
    assert capsys.readouterr().err == "cxrclf: interrupted\n"


def test_entry_point_of_the_package():
    path = Path(__file__).parents[2] / "pyproject.toml"
    script = tomllib.loads(path.read_text("utf-8"))["project"]["scripts"]["cxrclf"]
    module, _, name = script.partition(":")
    assert getattr(importlib.import_module(module), name) is main


def test_interruption_in_a_terminal_begins_a_line(capsys, monkeypatch):
    make_failing(monkeypatch, KeyboardInterrupt())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["audit", "folder"]) == 130
    assert capsys.readouterr().err == "\ncxrclf: interrupted\n"
