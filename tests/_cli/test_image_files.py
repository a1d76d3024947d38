import io
import os

import numpy as np
import pytest

from cxrclf._cli.image_files import ImageFile, find_image_files, name_outputs
from dicom_files import dicom, written


def paths_of(*arguments):
    return [file.path for file in find_image_files(map(str, arguments))]


def names_of(*arguments):
    return [file.name.replace(os.sep, "/") for file in find_image_files(arguments)]


def test_files_folders_and_patterns(scans):
    assert paths_of(scans.folder) == scans.paths
    assert paths_of(scans.paths[2], scans.folder / "a") == [
        scans.paths[2],
        *scans.paths[:2],
    ]
    assert paths_of(scans.folder / "*" / "1.png") == [scans.paths[0], scans.paths[2]]
    assert paths_of(scans.folder / "**" / "2.png") == [scans.paths[1]]


def test_each_file_once(scans, monkeypatch):
    assert paths_of(scans.folder, *scans.paths, scans.folder) == scans.paths
    monkeypatch.chdir(scans.folder)
    assert paths_of("a/1.png", scans.paths[0], "./a/1.png") == ["a/1.png"]


def test_missing_files_are_left_to_the_reader():
    assert paths_of("missing.png") == ["missing.png"]


def test_a_file_with_the_characters_of_a_pattern(tmp_path):
    path = tmp_path / "scan[1].png"
    path.touch()
    assert paths_of(path) == [str(path)]


def test_lines_of_the_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a.png\r\n\nb c.png\n"))
    assert paths_of("-", "d.png") == ["a.png", "b c.png", "d.png"]


def test_dicom_files_without_an_extension(tmp_path):
    path = written(tmp_path, dicom(np.zeros((4, 4), np.uint8)), "IM0001")
    (tmp_path / "notes.txt").touch()
    assert paths_of(tmp_path) == [str(path)]


def test_no_files(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"No file matches '.*\*\.png'. Check the pat"):
        paths_of(tmp_path / "*.png")
    with pytest.raises(ValueError, match="has no images"):
        paths_of(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(ValueError, match="There is no image file. Pass files"):
        paths_of("-")


def test_names_within_the_folders(scans, monkeypatch):
    folder = str(scans.folder)
    assert names_of(folder) == ["a/1.png", "a/2.png", "b/1.png"]
    assert names_of(*scans.paths[:2]) == ["1.png", "2.png"]
    assert names_of(folder + "/a", folder + "/b") == ["a/1.png", "a/2.png", "b/1.png"]
    monkeypatch.chdir(scans.folder / "a")
    assert names_of(".") == ["1.png", "2.png"]
    assert names_of("../b", ".") == ["b/1.png", "a/1.png", "a/2.png"]


def test_names_of_linked_images_stay_within_the_folder(scans, tmp_path):
    links = tmp_path / "links"
    links.mkdir()
    (links / "x.png").symlink_to(scans.paths[0])
    (links / "more").symlink_to(scans.folder / "b")
    assert names_of(str(links)) == ["more/1.png", "x.png"]


@pytest.mark.parametrize(
    ("names", "outputs"),
    [
        (["a.dcm", "b.jpeg", "IM0001"], ["a.png", "b.png", "IM0001.png"]),
        (["1.2.840.1", "1.2.840.2"], ["1.2.840.1.png", "1.2.840.2.png"]),
        (["a.dcm", "a.jpg", "x/a.jpg"], ["a.dcm.png", "a.jpg.png", "x/a.png"]),
        (["a.dcm", "A.dcm"], ["a.dcm_1.png", "A.dcm_2.png"]),
        (["a.dcm"] * 3, ["a.dcm_1.png", "a.dcm_2.png", "a.dcm_3.png"]),
        # A name with a number, which another file has.
        (["a.b", "a.b", "a.b_1.jpg"], ["a.b_2.png", "a.b_3.png", "a.b_1.png"]),
        # A name with an extension, which another file has.
        (["a.b", "a.jpg", "a.b.jpg"], ["a.b_1.png", "a.jpg.png", "a.b_2.png"]),
    ],
)
def test_outputs_have_different_names(names, outputs):
    files = [ImageFile(f"{number}/{name}", name) for number, name in enumerate(names)]
    assert name_outputs(files, ".png") == outputs
