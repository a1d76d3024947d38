import os
import subprocess
import sys

import pytest

from cxrclf._cli.output import check_writable, print_text

_CODE = """\
import time
from cxrclf._cli.output import print_text
for row in range(20_000):
    print_text(f"line {row}")
raise SystemExit(7)
"""


def test_text_is_printed(capsys):
    print_text("a report")
    assert capsys.readouterr().out == "a report\n"


def test_a_closed_pipe_changes_no_exit_status():
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 7


def test_paths_that_can_be_written(tmp_path):
    check_writable(tmp_path / "new" / "folder" / "audit.html")
    check_writable(tmp_path / "audit.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_and_a_file_as_a_folder(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder. Pass the name of a file"):
        check_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is a file"):
        check_writable(tmp_path / "file" / "audit.html")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="is read-only"):
        check_writable(tmp_path / "audit.html")
