import numpy as np
import pytest
from PIL import Image

from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)


def some_images(n=4, dtype=np.uint8, size=(20, 16)):
    rng = np.random.default_rng(0)
    return rng.integers(0, np.iinfo(dtype).max, (n, *size), dtype=dtype, endpoint=True)


def read(data):
    return [np.asarray(Image.open(path)) for path in data.data[:, 0]]


def test_names_carry_class_group_and_number(tmp_path):
    folder = save_image_folder(
        some_images(), ["b", "a", "b", "b"], tmp_path / "new", groups=[7, 12345, 7, 8]
    )
    assert folder == tmp_path / "new"
    assert sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*")
    ) == [
        "a",
        "a/patient12345_00.png",
        "b",
        "b/patient0007_00.png",
        "b/patient0007_01.png",
        "b/patient0008_00.png",
    ]


def test_a_group_in_two_classes_keeps_one_count(tmp_path):
    folder = save_image_folder(some_images(2), ["a", "b"], tmp_path, groups=["p", "p"])
    assert sorted(path.name for path in folder.glob("*/*")) == ["p_00.png", "p_01.png"]


def test_without_groups_no_patient_is_made_up(tmp_path):
    folder = save_image_folder(some_images(2), [0, 1], tmp_path)
    assert sorted(
        path.relative_to(folder).as_posix() for path in folder.glob("*/*")
    ) == [
        "0/image000000.png",
        "1/image000001.png",
    ]
    with pytest.raises(ValueError, match="no id for 2 of 2"):
        load_image_folder(folder, groups=r"^(patient\d+)")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_keeps_every_pixel(tmp_path, dtype):
    images = some_images(4, dtype)
    save_image_folder(images, ["a"] * 4, tmp_path)
    back = read(load_image_folder(tmp_path))
    assert back[0].dtype == dtype
    np.testing.assert_array_equal(back, images)


def test_round_trip_of_synthetic_radiographs(tmp_path):
    made = make_chest_radiographs(12, image_size=32, random_state=0)
    save_image_folder(made.images, made.target, tmp_path, groups=made.groups)
    data = load_image_folder(tmp_path, groups=r"^(patient\d+)")
    assert data.target_names == made.target_names

    def as_sets(images, target, groups):
        return {
            (image.tobytes(), str(name), str(group))
            for image, name, group in zip(images, target, groups, strict=True)
        }

    assert as_sets(read(data), data.target, data.groups) == as_sets(
        made.images, made.target, made.groups
    )


def test_jpeg(tmp_path):
    smooth = np.tile(np.linspace(20, 230, 64).astype(np.uint8), (1, 64, 1))
    save_image_folder(smooth, ["a"], tmp_path, image_format="jpeg")
    data = load_image_folder(tmp_path)
    assert data.data[0, 0].endswith("image000000.jpeg")
    with Image.open(data.data[0, 0]) as image:
        assert image.format == "JPEG"
        np.testing.assert_allclose(np.asarray(image, int), smooth[0], atol=4)


def test_refuses_a_folder_with_files(tmp_path):
    (tmp_path / "old.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="already holds files"):
        save_image_folder(some_images(1), ["a"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


def test_refuses_a_file(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(NotADirectoryError):
        save_image_folder(some_images(1), ["a"], tmp_path / "taken")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"images": some_images(2).astype(float)}, "uint8 or uint16; got float64"),
        ({"images": some_images(2) > 5}, "uint8 or uint16; got bool"),
        ({"images": some_images(2)[0]}, r"shape \(n, height, width\)"),
        ({"images": some_images(0)}, r"shape \(n, height, width\)"),
        ({"target": ["a"]}, "target must hold one value for each of the 2"),
        ({"target": [["a"], ["b"]]}, "target must hold one value"),
        ({"target": ["a", "../b"]}, "'../b' cannot name a file"),
        ({"target": ["a", ".b"]}, "'.b' cannot name a file"),
        ({"target": ["a", ""]}, "'' cannot name a file"),
        ({"target": ["a", "b."]}, "'b.' cannot name a file"),
        ({"target": ["a", "Thumbs.db"]}, "'Thumbs.db' cannot name a file"),
        ({"groups": [1]}, "groups must hold one value for each of the 2"),
        ({"groups": ["1/2", "3"]}, "'1/2' cannot name a file"),
        ({"groups": [-1, 3]}, "'-1' cannot name a file"),
        ({"image_format": "gif"}, "must be 'png' or 'jpeg'"),
        ({"image_format": "jpeg", "images": some_images(2, np.uint16)}, "8 bits"),
    ],
)
def test_bad_values_write_nothing(tmp_path, change, says):
    arguments = {"images": some_images(2), "target": ["a", "b"], "groups": None}
    with pytest.raises(ValueError, match=says):
        save_image_folder(**(arguments | change), folder=tmp_path / "new")
    assert not (tmp_path / "new").exists()
