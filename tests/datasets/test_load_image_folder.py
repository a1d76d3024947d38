import builtins
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from cxrclf.datasets import load_image_folder
from cxrclf.exceptions import MissingDependencyError
from cxrclf.images import find_paths

REAL = Path(__file__).parents[2].parent / "shared" / "data"


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.fixture
def kermany(tmp_path):
    """The file names of chest-xray-pneumonia, litter of archives included."""
    return touch(
        tmp_path / "train",
        "PNEUMONIA/person1000_bacteria_2931.jpeg",
        "PNEUMONIA/person1000_virus_1681.jpeg",
        "PNEUMONIA/person2_virus_3.jpeg",
        "PNEUMONIA/._person2_virus_3.jpeg",
        "PNEUMONIA/__MACOSX/person9_virus_9.jpeg",
        "NORMAL/IM-0115-0001.jpeg",
        "NORMAL/IM-0115-0002-0001.JPEG",
        "NORMAL/NORMAL2-IM-0115-0001.jpeg",
        "NORMAL/Thumbs.db",
        "NORMAL/notes.txt",
        ".hidden/a.png",
        "__MACOSX/NORMAL/IM-0115-0001.jpeg",
        "readme.txt",
        "overview.png",
    )


def relative(data, folder):
    return [Path(path).relative_to(folder).as_posix() for path in data.data[:, 0]]


def test_lists_the_images_of_each_class_in_order(kermany):
    data = load_image_folder(kermany)
    assert relative(data, kermany) == [
        "NORMAL/IM-0115-0001.jpeg",
        "NORMAL/IM-0115-0002-0001.JPEG",
        "NORMAL/NORMAL2-IM-0115-0001.jpeg",
        "PNEUMONIA/person1000_bacteria_2931.jpeg",
        "PNEUMONIA/person1000_virus_1681.jpeg",
        "PNEUMONIA/person2_virus_3.jpeg",
    ]
    assert data.target.tolist() == ["NORMAL"] * 3 + ["PNEUMONIA"] * 3
    assert data.target_names == ["NORMAL", "PNEUMONIA"]
    assert data.groups is None
    assert data.frame is None
    assert "6 image files of 2 classes" in data.DESCR


def test_data_are_the_canonical_x(kermany):
    data = load_image_folder(str(kermany))
    assert data.data.shape == (6, 1)
    assert data.data.dtype == object
    assert {type(path) for path in data.data[:, 0]} == {str}
    assert data.target.shape == (6,)
    np.testing.assert_array_equal(find_paths(data.data), data.data[:, 0])


def test_files_below_a_class_folder_count(tmp_path):
    touch(tmp_path, "a/day2/x.png", "a/day1/deep/y.png", "a/z.png", "b/x.png")
    touch(tmp_path, "a/.cache/no.png")
    data = load_image_folder(tmp_path)
    assert relative(data, tmp_path) == [
        "a/day1/deep/y.png",
        "a/day2/x.png",
        "a/z.png",
        "b/x.png",
    ]
    assert data.target.tolist() == ["a", "a", "a", "b"]


@pytest.mark.parametrize(
    "suffix",
    [".png", ".PNG", ".jpg", ".JPEG", ".tif", ".TIFF", ".bmp", ".dcm", ".DICOM"],
)
def test_every_usual_ending_in_either_case(tmp_path, suffix):
    touch(tmp_path, f"a/x{suffix}", "a/y.txt")
    assert relative(load_image_folder(tmp_path), tmp_path) == [f"a/x{suffix}"]


def test_extensions_replace_the_usual_ones(tmp_path):
    touch(tmp_path, "a/x.png", "a/y.webp", "a/z.WEBP")
    data = load_image_folder(tmp_path, extensions=[".WebP"])
    assert relative(data, tmp_path) == ["a/y.webp", "a/z.WEBP"]


def test_one_class_is_enough(tmp_path):
    touch(tmp_path, "only/x.png")
    assert load_image_folder(tmp_path).target_names == ["only"]


def test_files_are_not_opened(kermany, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("opened a file")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr("PIL.Image.open", refuse)
    load_image_folder(kermany)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        # No parentheses: the whole match. Both namespaces of IM numbers stay apart.
        (
            r"^(?:person\d+|(?:NORMAL2-)?IM-\d+)",
            ["IM-0115", "IM-0115", "NORMAL2-IM-0115", *["person1000"] * 2, "person2"],
        ),
        # One pair: what it matches.
        (
            r"^(person\d+|(?:NORMAL2-)?IM-\d+)[_-]",
            ["IM-0115", "IM-0115", "NORMAL2-IM-0115", *["person1000"] * 2, "person2"],
        ),
        # Several: joined; one that took no part is empty, so that ids stay apart.
        (
            r"^person(\d+)_|IM-(\d+)-",
            ["-0115", "-0115", "-0115", "1000-", "1000-", "2-"],
        ),
    ],
)
def test_groups_by_pattern(kermany, pattern, expected):
    data = load_image_folder(kermany, groups=pattern)
    assert data.groups.tolist() == expected
    assert f"{len(set(expected))} patients" in " ".join(data.DESCR.split())


def test_groups_join_several_parts(tmp_path):
    touch(tmp_path, "v/BACTERIA-30629-0001.jpeg", "v/VIRUS-30629-0001.jpeg")
    touch(tmp_path, "n/NORMAL-30629-0002.jpeg")
    data = load_image_folder(tmp_path, groups=r"^(BACTERIA|VIRUS|NORMAL)-(\d+)-")
    assert data.groups.tolist() == ["NORMAL-30629", "BACTERIA-30629", "VIRUS-30629"]


def test_the_pattern_sees_the_file_name_only(tmp_path):
    touch(tmp_path / "patient99", "patient98/patient7_01.png")
    data = load_image_folder(tmp_path / "patient99", groups=r"(patient\d+)")
    assert data.groups.tolist() == ["patient7"]


def test_groups_by_function(kermany):
    data = load_image_folder(kermany, groups=lambda path: len(Path(path).parts))
    assert data.groups.dtype.kind == "i"
    assert data.groups.shape == (6,)


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_a_file_without_a_group_is_an_error(kermany, missing):
    def who(path):
        return missing if "virus" in path else "someone"

    with pytest.raises(ValueError, match=r"no id for 2 of 6 files: 'person1000_virus"):
        load_image_folder(kermany, groups=who)


def test_a_file_that_the_pattern_misses_is_an_error(kermany):
    with pytest.raises(ValueError, match=r"(?s)3 of 6 files: 'IM-0115.*Change the pat"):
        load_image_folder(kermany, groups=r"^person(\d+)_")
    with pytest.raises(ValueError, match=r"no id for 6 of 6 files.*and 1 more"):
        load_image_folder(kermany, groups=r"\d*$")  # matches, but nothing


@pytest.mark.parametrize("ids", [(1, 2), 0.5])
def test_ids_that_are_neither_str_nor_int(kermany, ids):
    with pytest.raises(ValueError, match="ids all str or all int"):
        load_image_folder(kermany, groups=lambda path: ids)


def test_mixed_ids_are_not_made_equal(kermany):
    with pytest.raises(ValueError, match="ids all str or all int"):
        load_image_folder(kermany, groups=lambda path: 1 if "IM" in path else "1")


@pytest.mark.parametrize(("groups", "says"), [("(", "regular expr"), (3, "callable")])
def test_groups_that_are_neither_pattern_nor_function(kermany, groups, says):
    with pytest.raises(ValueError, match=says):
        load_image_folder(kermany, groups=groups)


def test_as_frame(kermany):
    pd = pytest.importorskip("pandas")
    pattern = r"^(person\d+|(?:NORMAL2-)?IM-\d+)"
    arrays = load_image_folder(kermany, groups=pattern)
    data = load_image_folder(kermany, groups=pattern, as_frame=True)
    assert data.data.columns.tolist() == ["path"]
    assert isinstance(data.target, pd.Series)
    assert data.target.name == "target"
    assert data.frame.columns.tolist() == ["path", "target", "group"]
    np.testing.assert_array_equal(find_paths(data.data), arrays.data[:, 0])
    np.testing.assert_array_equal(data.target, arrays.target)
    np.testing.assert_array_equal(data.frame["group"], arrays.groups)
    plain = load_image_folder(kermany, as_frame=True)
    assert plain.frame.columns.tolist() == ["path", "target"]


def test_as_frame_without_pandas(kermany, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"cxrclf\[pandas\]"):
        load_image_folder(kermany, as_frame=True)


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.*does not exist"):
        load_image_folder(tmp_path / "nowhere")


def test_a_file_for_a_folder(tmp_path):
    touch(tmp_path, "x.png")
    with pytest.raises(NotADirectoryError, match="one subfolder for each class"):
        load_image_folder(tmp_path / "x.png")


def test_no_class_folder(tmp_path):
    with pytest.raises(ValueError, match="holds no class folders"):
        load_image_folder(tmp_path)
    touch(tmp_path, "x.png", "y.txt")
    with pytest.raises(ValueError, match=r"images such as 'x.png'.*<class>/<image>"):
        load_image_folder(tmp_path)


def test_a_class_without_images(tmp_path):
    touch(tmp_path, "a/x.png", "b/notes.txt")
    (tmp_path / "c").mkdir()
    with pytest.raises(ValueError, match=r"class folders 'b', 'c'.*extensions"):
        load_image_folder(tmp_path)


@pytest.mark.parametrize("extensions", [(), ("png",), (".",), "png", ("",)])
def test_endings_that_are_none(kermany, extensions):
    with pytest.raises(ValueError, match="with their dot"):
        load_image_folder(kermany, extensions=extensions)


def test_what_was_taken_and_what_was_left_out(kermany):
    (kermany / "PNEUMONIA" / "again.jpeg").symlink_to(
        kermany / "PNEUMONIA" / "person2_virus_3.jpeg"
    )
    touch(kermany, "NORMAL/masks/1.png")
    with pytest.warns(UserWarning, match="Folders of masks .*load_covid_radiography"):
        data = load_image_folder(kermany)
    assert (
        f"6 image files of 2 classes in {kermany}. Images per class: 'NORMAL' 3, "
        "'PNEUMONIA' 3. Left out: 1 of another type (1 .txt); 5 hidden ('.hidden', "
        "'__MACOSX', 'Thumbs.db', ... and 2 more); 2 beside the class folders "
        "('overview.png', 'readme.txt'); 1 with names of mask folders ('masks'); 1 "
        "listed already through another link ('again.jpeg')."
    ) == " ".join(data.DESCR.split())
    assert {why: len(paths) for why, paths in data.left_out.items()} == {
        "type": 1,
        "hidden": 5,
        "beside": 2,
        "masks": 1,
        "repeated": 1,
    }
    assert data.left_out["type"] == [str(kermany / "NORMAL" / "notes.txt")]


def test_a_clean_folder_leaves_nothing_out(tmp_path):
    data = load_image_folder(touch(tmp_path, "a/1.png", "b/2.png"))
    assert data.left_out == {}
    assert "Left out" not in data.DESCR


def test_many_classes_are_shortened_in_the_description(tmp_path):
    touch(tmp_path, *(f"c{n:02d}/1.png" for n in range(25)))
    assert load_image_folder(tmp_path).DESCR.endswith("'c19' 1, and 5 more.")


def test_a_linked_subfolder_is_listed(tmp_path):
    touch(tmp_path, "data/covid/0.png", "data/normal/1.png", "disk2/covid/2.png")
    (tmp_path / "data" / "covid" / "disk2").symlink_to(tmp_path / "disk2" / "covid")
    data = load_image_folder(tmp_path / "data")
    assert relative(data, tmp_path / "data") == [
        *("covid/0.png", "covid/disk2/2.png", "normal/1.png")
    ]


def test_one_file_in_two_classes(tmp_path):
    touch(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "b" / "3.png").symlink_to(tmp_path / "a" / "1.png")
    with pytest.raises(ValueError, match=r"a/1\.png = .*b/3\.png.*one class"):
        load_image_folder(tmp_path)


def test_images_with_the_same_name_in_a_folder(tmp_path):
    touch(tmp_path, "a/1.png", "a/1.jpg", "b/1.png")
    with pytest.warns(UserWarning, match=r"same name .* \(1\): .*a/1\.jpg and 1\.png"):
        assert load_image_folder(tmp_path).data.shape == (3, 1)


def test_names_that_are_not_utf_8(tmp_path):
    folder, file = os.fsdecode(b"caf\xe9"), os.fsdecode(b"a\xff\n.png")
    try:
        touch(tmp_path, f"{folder}/{file}", "b/1.png")
    except OSError:
        pytest.skip("the file system refuses such names")
    data = load_image_folder(tmp_path, groups=r"(.)", as_frame=True)
    assert os.fsencode(data.data["path"][1]).endswith(b"caf\xe9/a\xff\n.png")
    assert data.target_names == ["b", folder]
    assert data.DESCR.encode().decode().replace("\n", "").isprintable()


def test_groups_of_real_file_names_split_without_overlap():
    folder = REAL / "covid-pneumonia-normal" / "train"
    if not folder.is_dir():
        pytest.skip("the real radiographs are not here")
    data = load_image_folder(folder)
    names, counts = np.unique(data.target, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {
        "covid": 112,
        "normal": 112,
        "pneumonia": 112,
    }
    assert data.target_names == ["covid", "normal", "pneumonia"]
    with pytest.raises(ValueError, match="no id for 112 of 336 files"):
        load_image_folder(folder, groups=r"^(person\d+|(?:NORMAL2-)?IM-\d+)")
    pattern = r"^(person\d+|(?:NORMAL2-)?IM-\d+|.+)"
    data = load_image_folder(folder, groups=pattern)
    assert 224 < len(set(data.groups)) < 336
    for train, test in StratifiedGroupKFold(4).split(
        data.data, data.target, data.groups
    ):
        assert not set(data.groups[train]) & set(data.groups[test])
