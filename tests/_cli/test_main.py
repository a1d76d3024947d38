import subprocess
import sys

import pytest

from cxrclf import __version__
from cxrclf._cli.main import main


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


def test_python_m_cxrclf_needs_no_torch_for_help():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['cxrclf', 'audit', '--help']\n"
        "try:\n"
        "    runpy.run_module('cxrclf', run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    print('exit', stop.code, 'torch' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "usage: cxrclf audit" in result.stdout
    assert result.stdout.splitlines()[-1] == "exit 0 False"


def test_interruption_is_one_line(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cxrclf._cli.audit._load", interrupt)
    assert main(["audit", "folder"]) == 130
    assert capsys.readouterr().err == "cxrclf: interrupted\n"
