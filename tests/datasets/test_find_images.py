"""Image files below folders: formats, repeated files and what is left out."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrclf.datasets._find_images import find_images, is_mask_folder, raise_broken
from cxrclf.datasets._layout import EXTENSIONS
from cxrclf.images import read_image


def names(root, found, key="c"):
    return [Path(path).relative_to(root).as_posix() for path in found.paths[key]]


def find(root, **options):
    return find_images({"c": root}, **options)


def write_dicom_head(path, prefix=b"DICM"):
    path.write_bytes(bytes(128) + prefix + bytes(20))


def test_images_in_the_order_of_their_parts(plant):
    root = plant("b/2.PNG", "b/10.dcm", "b.jpg", "a.jpg", "b/a/1.png", "b-1/1.png")
    expected = ["a.jpg", "b/10.dcm", "b/2.PNG", "b/a/1.png", "b-1/1.png", "b.jpg"]
    assert names(root, find(root)) == expected


def test_the_order_does_not_depend_on_the_file_system(plant, monkeypatch):
    root = plant(*(f"{stem}.png" for stem in "qwertyuiop"))
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name)[::-1]

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(os, "scandir", Backwards)
    assert names(root, find(root)) == [f"{stem}.png" for stem in sorted("qwertyuiop")]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_all_extensions_in_any_case(plant, extension):
    root = plant(
        f"1{extension}", f"2{extension.upper()}", f"3{extension} ", "notes.txt"
    )
    assert names(root, find(root)) == [
        f"1{extension}",
        f"2{extension.upper()}",
        f"3{extension} ",
    ]


def test_pillow_reads_all_extensions(tmp_path):
    pixels = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (20, 1))
    for extension in EXTENSIONS:
        if extension in (".dcm", ".dic", ".dicom", ".ima"):
            continue
        path = tmp_path / f"scan{extension}"
        image = Image.fromarray(pixels)
        image = image.convert("1", dither=0) if extension == ".pbm" else image
        kind = Image.registered_extensions()[extension]
        image.save(path, **({"lossless": True} if kind == "WEBP" else {}))
        read = read_image(path).astype(int)
        expected = 255 * (pixels > 127) if extension == ".pbm" else pixels
        assert np.abs(read - expected).max() <= (3 if kind == "JPEG" else 0), extension


def test_other_extensions(plant):
    root = plant("1.png", "2.nii.gz", "3.gz")
    assert names(root, find(root, extensions=[".nii.gz"])) == ["2.nii.gz"]
    with pytest.raises(ValueError, match="with their dot"):
        find(root, extensions=["png"])


def test_dicom_files_without_an_extension(plant):
    root = plant("README", "empty", "1.2.840.99")
    for name in ("IM000001", "1.2.840.5", "DICOMDIR", "scan.raw"):
        write_dicom_head(root / name)
    write_dicom_head(root / "IM000002", b"DICX")
    with pytest.warns(UserWarning, match=r"left out: 1 \.99, 1 \.raw in 'c'"):
        found = find(root)
    assert names(root, found) == ["1.2.840.5", "IM000001"]
    assert {Path(path).name for path in found.left_out["type"]} == {
        *("README", "empty", "1.2.840.99", "DICOMDIR", "scan.raw", "IM000002")
    }
    assert names(root, find(root, extensions=[".raw"])) == ["scan.raw"]


def test_a_file_that_cannot_be_opened_is_no_dicom(plant, monkeypatch):
    root = plant("a.png", "IM1")

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("cxrclf.datasets._find_images.open_regular", refuse)
    assert find(root).left_out == {"type": [str(root / "IM1")]}


def test_what_is_left_out(plant):
    root = plant("1.png", "notes.txt", ".2.png", "__MACOSX/3.png", "masks/4.png")
    found = find(root, skip_masks=True)
    assert names(root, found) == ["1.png"]
    assert found.left_out == {
        "type": [str(root / "notes.txt")],
        "hidden": [str(root / ".2.png"), str(root / "__MACOSX")],
        "masks": [str(root / "masks")],
    }
    assert names(root, find(root)) == ["1.png", "masks/4.png"]


@pytest.mark.parametrize(
    "name", ["masks", "Mask", "lung masks", "leftMask", "GroundTruth"]
)
def test_names_of_mask_folders(name):
    assert is_mask_folder(name)
    assert not is_mask_folder(f"no_{name}")
    assert not is_mask_folder(f"{name}ed")


@pytest.mark.parametrize("extension", [".heic", ".npy", ".NII"])
def test_images_of_other_types_are_named(plant, extension):
    root = plant(*(f"{n}.png" for n in range(100)), f"x{extension}")
    with pytest.warns(UserWarning, match=f"1 {extension.lower()} in 'c'.*PNG"):
        assert len(find(root).paths["c"]) == 100
    assert len(find(root, extensions=EXTENSIONS).paths["c"]) == 100


def test_many_files_of_unknown_types_are_named(plant):
    root = plant(*(f"a/{n}.png" for n in range(38)), "a/1.rar", "a/1.txt", "a/2.txt")
    plant(*(f"b/{n}.png" for n in range(18)), "b/1.rar", "b/1.txt")
    find_images({"a": root / "a"})
    with pytest.warns(UserWarning, match=r"left out: 1 \.rar in 'b'\.") as caught:
        find_images({"a": root / "a", "b": root / "b"})
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_documents_beside_images_are_expected(plant):
    root = plant("1.png", "1.txt", "1.json", "1.xml", "table.csv", "LICENSE")
    assert len(find(root).left_out["type"]) == 5


def test_two_links_to_one_file_count_once(plant):
    root = plant("c/1.png", "pool/2.png")
    (root / "c" / "0.png").symlink_to(root / "c" / "1.png")
    (root / "c" / "3.png").symlink_to(root / "pool" / "2.png")
    (root / "c" / "4.png").symlink_to(root / "pool" / "2.png")
    found = find(root / "c")
    assert names(root / "c", found) == ["1.png", "3.png"]
    assert [Path(path).name for path in found.left_out["repeated"]] == [
        *("0.png", "4.png")
    ]


def test_hard_links_count_once(plant):
    root = plant("1.png")
    (root / "2.png").hardlink_to(root / "1.png")
    found = find(root)
    assert len(found.paths["c"]) == 1
    assert len(found.left_out["repeated"]) == 1


@pytest.mark.parametrize("kind", ["symlink_to", "hardlink_to"])
def test_a_file_in_two_folders(plant, kind):
    root = plant("a/1.png", "a/2.png", "b/3.png")
    getattr(root / "b" / "4.png", kind)(root / "a" / "2.png")
    folders = {"a": root / "a", "b": root / "b"}
    with pytest.raises(
        ValueError, match=r"in two folders.* \(1\): .*a/2\.png = .*b/4\.png"
    ):
        find_images(folders)
    with pytest.raises(ValueError, match="in two folders"):
        find_images(folders, mask_folders=["b"])
    found = find_images(folders, mask_folders=["a", "b"])
    assert len(found.paths["b"]) == 2


def test_a_folder_in_two_folders(plant):
    root = plant("a/1.png", "b/2.png")
    (root / "a" / "all").symlink_to(root / "b")
    with pytest.raises(ValueError, match=r"a/all/2\.png = .*b/2\.png"):
        find_images({"a": root / "a", "b": root / "b"})


def test_files_with_one_inode_number_are_not_one_file(plant, monkeypatch):
    root = plant("a/1.png", "a/2.png", "a/3.png", "b/4.png")

    class Tree:
        def __init__(self, folder, is_mask_folder):
            self.files = {str(path): 7 for path in sorted(folder.iterdir())}
            self.hidden = self.masks = self.repeated = ()
            self.special, self.broken = [], []
            self.errors = {}

    monkeypatch.setattr("cxrclf.datasets._find_images.FolderTree", Tree)
    found = find_images({"a": root / "a", "b": root / "b"})
    assert names(root / "a", found, "a") == ["1.png", "2.png", "3.png"]
    assert names(root / "b", found, "b") == ["4.png"]


def test_links_to_nothing_are_named(plant):
    root = plant("1.png")
    (root / "2.png").symlink_to(root / "gone.png")
    with pytest.raises(
        FileNotFoundError, match=r"Links that .* \(1\): .*2\.png.*delete"
    ):
        find(root)
    (root / "2.png").unlink()
    (root / "disk").symlink_to(root / "unmounted")
    with pytest.raises(FileNotFoundError, match=r"Links that .*disk"):
        find(root)
    (root / "disk").unlink()
    (root / "notes.txt").symlink_to(root / "gone.txt")
    assert find(root).left_out == {"type": [str(root / "notes.txt")]}
    with pytest.raises(FileNotFoundError, match=r"Links that .* \(2\): 'a', 'b'"):
        raise_broken(["a", "b"])


def test_folders_that_cannot_be_listed_are_named(plant, monkeypatch):
    root = plant("a/1.png", "a/x/2.png", "b/3.png", "b/y/4.png")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name in "xy":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match=r"\(2\): .*a/x .*b/y .*permissions"):
        find_images({"a": root / "a", "b": root / "b"})


def test_names_that_differ_in_case_and_extension(plant):
    root = plant("a.jpg", "b/a.jpg", "c.jpg", "c.png", "D.png", "d.png", "e.1.png")
    plant("e.2.png")
    write_dicom_head(root / "1.2.3")
    write_dicom_head(root / "1.2.4")
    twins = [tuple(Path(path).name for path in pair) for pair in find(root).twins]
    assert twins == [("c.jpg", "c.png"), ("D.png", "d.png")]
