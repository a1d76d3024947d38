import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cxrclf._cli.output import (
    check_folder,
    check_writable,
    print_json,
    print_note,
    print_text,
)

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


def test_characters_that_the_output_lacks_are_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    print_text("3 × 4, \udcff.png")
    assert written.getvalue() == b"3 \\xd7 4, \\udcff.png\n"


def test_json_is_valid_for_every_program(capsys):
    print_json(
        {
            "score": np.float32(0.5),
            "undefined": float("nan"),
            "classes": np.array(["a", "b"]),
            3: (np.inf, np.int64(2), True, None),
        }
    )
    captured = capsys.readouterr().out

    def refuse(text):
        raise AssertionError(text)

    assert json.loads(captured, parse_constant=refuse) == {
        "score": 0.5,
        "undefined": None,
        "classes": ["a", "b"],
        "3": [None, 2, True, None],
    }


def test_notes_are_no_result(capsys):
    print_note("a remark")
    assert capsys.readouterr() == ("", "a remark\n")


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


def test_a_file_is_not_replaced_by_surprise(tmp_path):
    path = tmp_path / "audit.html"
    path.touch()
    with pytest.raises(FileExistsError, match="exists already. Pass another name, or"):
        check_writable(path)
    check_writable(path, overwrite=True)


def test_a_link_to_nothing_is_not_replaced_by_surprise(tmp_path):
    path = tmp_path / "audit.html"
    path.symlink_to(tmp_path / "missing")
    with pytest.raises(FileExistsError, match="exists already"):
        check_writable(path)


def test_folders_that_can_be_written(tmp_path):
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is a file. Pass the name of a"):
        check_folder(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match="cannot be written: .*file is a file"):
        check_folder(tmp_path / "file" / "folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="is read-only"):
        check_writable(tmp_path / "audit.html")
    with pytest.raises(PermissionError, match="is read-only"):
        check_folder(tmp_path)
