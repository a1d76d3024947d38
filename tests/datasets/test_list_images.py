import numpy as np
import pytest
from PIL import Image

from cxrclf.datasets import list_images
from dicom_files import dicom, written


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 4)).save(path)
    return str(path)


def test_images_of_all_subfolders_in_order(tmp_path):
    paths = [
        write(tmp_path / "b" / "deep" / "2.jpg"),
        write(tmp_path / "a.png"),
        str(written(tmp_path, dicom(np.zeros((4, 4), np.uint8)), "IM0001")),
    ]
    write(tmp_path / ".hidden" / "3.png")
    (tmp_path / "notes.txt").write_text("notes")
    X = list_images(tmp_path)
    assert X.shape == (3, 1)
    assert X.dtype == object
    assert X[:, 0].tolist() == sorted(paths)


def test_extensions(tmp_path):
    write(tmp_path / "a.png")
    path = write(tmp_path / "b.JPG")
    assert list_images(tmp_path, extensions=[".jpg"]).tolist() == [[path]]
    with pytest.raises(ValueError, match=r"has no images \(.tif\). Check the path"):
        list_images(tmp_path, extensions=".tif")
    with pytest.raises(ValueError, match="extensions must be endings with their dot"):
        list_images(tmp_path, extensions=["png"])


def test_folders_of_masks_are_left_out_with_a_warning(tmp_path):
    path = write(tmp_path / "images" / "a.png")
    write(tmp_path / "masks" / "a.png")
    with pytest.warns(UserWarning, match="Folders of masks are left out: '.*masks'"):
        assert list_images(tmp_path).tolist() == [[path]]


def test_wrong_folders(tmp_path):
    path = write(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match="missing' does not exist"):
        list_images(tmp_path / "missing")
    with pytest.raises(NotADirectoryError, match=r"a\.png' is a file. Give the folder"):
        list_images(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty' has no images. Check the path"):
        list_images(tmp_path / "empty")
