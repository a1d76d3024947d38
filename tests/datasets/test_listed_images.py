from pathlib import Path

import pytest

from cxrclf.datasets._listed_images import check_missing, list_images


def make_row(filename, reason=None, target="a", patient="1"):
    return {
        "filename": filename,
        "reason": reason,
        "target": target,
        "patient": patient,
    }


def test_rows_keep_the_order_of_the_table(plant):
    folder = plant("images/a.png", "images/b.png", "images/sub/c.png") / "images"
    rows = [make_row("b.png"), make_row("sub/c.png"), make_row("A.PNG ")]
    listed = list_images(folder, rows, "raise")
    assert listed.rows == rows
    assert listed.paths == [
        str(folder / name) for name in ("b.png", "sub/c.png", "a.png")
    ]
    assert listed.left_out == {}


def test_accents_of_other_file_systems(plant):
    # One character in the table, and two in the name of the file.
    folder = plant("images/u\u0308.png") / "images"
    listed = list_images(folder, [make_row("\xfc.png")], "raise")
    assert [Path(path).parent for path in listed.paths] == [folder]
    assert listed.left_out == {}


def test_reasons_and_other_files(plant):
    folder = plant("images/a.png", "images/b.png", "images/c.png") / "images"
    rows = [make_row("a.png"), make_row("b.png", "view"), make_row("gone.png", "view")]
    listed = list_images(folder, rows, "raise")
    assert listed.left_out == {
        "view": [str(folder / "b.png"), str(folder / "gone.png")],
        "unlisted": [str(folder / "c.png")],
    }


def test_missing_images(plant):
    folder = plant("images/a.png") / "images"
    rows = [make_row("a.png"), make_row("b.png")]
    with pytest.raises(FileNotFoundError, match="1 of 2 images .*: 'b.png'.*'drop'"):
        list_images(folder, rows, "raise")
    listed = list_images(folder, rows, "drop")
    assert listed.paths == [str(folder / "a.png")]
    assert listed.left_out == {"missing": [str(folder / "b.png")]}


@pytest.mark.parametrize("other", [{"target": "b"}, {"patient": "2"}])
def test_rows_that_disagree(plant, other):
    folder = plant("images/a.png", "images/b.png") / "images"
    rows = [make_row("a.png"), make_row("b.png"), make_row("a.png", **other)]
    listed = list_images(folder, rows, "raise")
    assert listed.paths == [str(folder / "b.png")]
    assert listed.left_out == {"conflict": [str(folder / "a.png")]}


def test_names_without_extension(plant):
    folder = plant("images/C-1a.jpg", "images/C-1b.png", "images/C-1b.jpg") / "images"
    rows = [make_row("C-1a"), make_row("C-1b")]
    listed = list_images(folder, rows, "raise", bare=True)
    assert [Path(path).name for path in listed.paths] == ["C-1a.jpg", "C-1b.jpg"]
    assert listed.left_out == {"unlisted": [str(folder / "C-1b.png")]}


def test_images_in_subfolders(plant):
    folder = plant("images_001/images/a.png", "images_002/images/B.png")
    rows = [make_row("b.png"), make_row("a.png")]
    listed = list_images(folder, rows, "raise", nested=True)
    assert [Path(path).name for path in listed.paths] == ["B.png", "a.png"]
    with pytest.raises(FileNotFoundError, match="2 of 2 images"):
        list_images(folder, rows, "raise")


def test_folder_of_images_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder '.*images', which holds"):
        list_images(tmp_path / "images", [make_row("a.png")], "raise")


def test_check_missing():
    check_missing("drop")
    with pytest.raises(ValueError, match="missing must be 'raise' or 'drop'; got None"):
        check_missing(None)
