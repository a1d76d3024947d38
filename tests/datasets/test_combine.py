import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.utils import Bunch

from cxrclf.datasets import (
    combine,
    load_image_folder,
    load_kermany,
    load_montgomery_shenzhen,
)
from cxrclf.exceptions import LabelWarning


@pytest.fixture
def make(tmp_path):
    """Write files with contents, and return a Bunch of them."""

    def make(name, contents, target, **fields):
        paths = []
        for row, content in enumerate(contents):
            path = tmp_path / name / f"{row}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content.encode())
            paths.append([str(path)])
        return Bunch(
            data=np.array(paths, dtype=object), target=np.array(target), **fields
        )

    return make


def names(data):
    return [Path(path).relative_to(Path(path).parents[1]) for path in data.data[:, 0]]


def test_classes_sources_and_patients(make):
    a = make("a", "12", ["x", "y"], groups=np.array([7, 7]))
    b = make("b", "345", ["x", "z", "x"], groups=np.array(["7", "8", "8"]))
    data = combine({"a": a, "b": b}, label_map={"b": {"x": "y", "z": "w"}})
    assert data.target.tolist() == ["x", "y", "y", "w", "y"]
    assert data.target_names == ["w", "x", "y"]
    assert data.source.tolist() == ["a", "a", "b", "b", "b"]
    assert data.groups.tolist() == ["a/7", "a/7", "b/7", "b/8", "b/8"]
    assert data.data.tolist() == a.data.tolist() + b.data.tolist()
    assert data.copies == []
    assert data.left_out == {}
    assert " ".join(data.DESCR.split()) == (
        "5 image files of 2 data sets. Images per class: 'w' 1 (1 of 'b'), 'x' 1 (1 of "
        "'a'), 'y' 3 (1 of 'a', 2 of 'b'). Warning: one data set has all images of "
        "'w', 'x'. A classifier can learn the data set instead of the class."
    )


def test_classes_that_are_not_listed(make):
    a = make("a", "123", ["x", "y", "x"], left_out={"hidden": ["a/.b"]})
    data = combine({"a": a}, label_map={"a": {"x": "new"}})
    assert data.target.tolist() == ["new", "new"]
    assert data.left_out == {"hidden": ["a/.b"], "class": [a.data[1, 0]]}
    assert "1 of other classes" in data.DESCR
    assert "Warning: one data set" not in data.DESCR


def test_copies_are_left_out_and_their_patients_joined(make):
    a = make("a", "1213", ["x"] * 4, groups=np.array(["p", "q", "r", "s"]))
    b = make("b", "324", ["x"] * 3, groups=np.array(["t", "t", "t"]))
    data = combine({"a": a, "b": b})
    assert names(data) == [
        Path(n) for n in ("a/0.png", "a/1.png", "a/3.png", "b/2.png")
    ]
    # p = r through the content 1; q = s = b/t through the contents 2 and 3.
    assert data.groups.tolist() == ["a/p", "a/q", "a/q", "a/q"]
    assert data.copies == [
        [a.data[0, 0], a.data[2, 0]],
        [a.data[1, 0], b.data[1, 0]],
        [a.data[3, 0], b.data[0, 0]],
    ]
    assert data.left_out == {"copy": [a.data[2, 0], b.data[0, 0], b.data[1, 0]]}
    every = combine({"a": a, "b": b}, compare=None)
    assert len(every.target) == 7
    assert len(set(every.groups)) == 5


def test_copies_of_other_classes(make):
    a = make("a", "12", ["x", "y"])
    b = make("b", "13", ["z", "z"])
    with pytest.warns(LabelWarning, match=r"1 image has .*'x' in 'a'\) = .*'z' in 'b'"):
        data = combine({"a": a, "b": b})
    assert data.target.tolist() == ["y", "z"]
    assert data.left_out == {"contradiction": [a.data[0, 0], b.data[0, 0]]}
    data = combine({"a": a, "b": b}, label_map={"b": {"z": "x"}})
    assert data.left_out == {"copy": [b.data[0, 0]]}
    b = make("c", "12", ["z", "z"])
    with (
        pytest.warns(LabelWarning, match="2 images"),
        pytest.raises(ValueError, match="all 4 images have copies with other classes"),
    ):
        combine({"a": a, "b": b})


def test_sets_without_patients(make):
    a = make("a", "12", ["x", "y"], groups=None)
    b = make("b", "13", ["x", "y"], groups=np.array([3, 4]))
    data = combine({"a": a, "b": b}, label_map={"a": {"y": "y"}})
    assert data.groups.tolist() == ["a/image1", "b/3", "b/4"]
    assert "patients of 'a' are not known" in data.DESCR
    assert combine({"a": a}).groups is None


def test_other_fields(make):
    days = np.array(["2020-03-01", "NaT"], "datetime64[D]")
    boxes = [np.zeros((0, 4)), np.ones((2, 4))]
    a = make("a", "12", ["x", "y"], age=[1], view=np.array(["AP", None], object))
    a.update(age=np.array([3, 4]), date=days, boxes=boxes, source=np.array(["u", "v"]))
    b = make(
        "b", "345", ["x"] * 3, age=np.array([5.5, 6, 7]), split=np.array(["t"] * 3)
    )
    b.update(note="text", names=["a", "b", "c"], table=np.zeros((3, 2)))
    data = combine({"a": a, "b": b})
    assert data.age.tolist() == [3, 4, 5.5, 6, 7]
    assert data.view.tolist() == ["AP", None, None, None, None]
    assert data.date.astype(str).tolist() == ["2020-03-01"] + ["NaT"] * 4
    assert [None if box is None else len(box) for box in data.boxes] == [
        *(0, 2, None, None, None),
    ]
    assert data.origin.tolist() == ["u", "v", None, None, None]
    assert data.split.tolist() == [None, None, "t", "t", "t"]
    assert not {"note", "names", "table", "masks"} & data.keys()
    one = combine({"b": b}, n_images={"b": {"x": 1}})
    assert one.split.dtype.kind == "U"
    assert one.age.shape == (1,)


def test_masks(make, plant):
    root = plant(
        *("lungs/CXR_png/MCUCXR_0001_0.png", "lungs/masks/MCUCXR_0001_0.png"),
        *("lungs/CXR_png/CHNCXR_0001_1.png", "lungs/masks/CHNCXR_0001_1_mask.png"),
    )
    a = load_montgomery_shenzhen(root / "lungs")
    b = make("b", "1", ["normal"], masks=np.array([["left.png", "right.png"]], object))
    data = combine({"a": a, "b": b})
    assert data.masks.tolist() == [
        *([path, path] for path in a.masks[:, 0]),
        ["left.png", "right.png"],
    ]
    assert data.origin.tolist() == [*a.source, None]
    c = make("c", "2", ["normal"])
    assert "masks" not in combine({"a": a, "c": c})


def test_draws(make):
    a = make("a", [str(row) for row in range(40)], ["x"] * 30 + ["y"] * 10)
    b = make("b", ["0", "b"], ["x", "x"])

    def draw(numbers, seed=0):
        data = combine({"a": a, "b": b}, n_images={"a": numbers}, random_state=seed)
        return [int(Path(path).stem) for path in data.data[data.source == "a", 0]]

    few, more = draw({"x": 5, "y": 10}), draw({"x": 12})
    assert len(few) == 15
    assert len(more) == 22
    assert few == sorted(few)
    assert set(few) < set(more)
    assert draw({"x": 5, "y": 1})[:5] == few[:5]
    assert draw({"x": 5, "y": 10}, seed=1) != few
    data = combine({"a": a, "b": b}, n_images={"a": {"x": 29}, "b": {"x": 1}})
    assert len(data.left_out["draw"]) == 1
    assert len(data.left_out["copy"]) == 1
    with pytest.raises(
        ValueError, match=r"2 images .* 'x' in 'b' .* than the 1 images"
    ):
        combine({"a": a, "b": b}, n_images={"b": {"x": 2}})


def test_each_image_is_drawn_equally_often(make):
    a = make("a", [str(row) for row in range(10)], ["x"] * 10)
    counts = np.zeros(10)
    for seed in range(300):
        data = combine(
            {"a": a}, n_images={"a": {"x": 3}}, random_state=seed, compare=None
        )
        counts[[int(Path(path).stem) for path in data.data[:, 0]]] += 1
    # 99.9 % point of chi-square with 9 degrees of freedom; draws without replacement
    # vary less than independent ones.
    assert ((counts - 90) ** 2 / 90).sum() < 27.9


def test_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (2, 20, 30), dtype=np.uint8)
    files = {"a/x/1.png": 0, "b/x/1.bmp": 0, "b/x/2.png": 1}
    for name, number in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number]).save(tmp_path / name)
    sets = {name: load_image_folder(tmp_path / name) for name in "ab"}
    assert combine(sets).data.shape == (3, 1)
    data = combine(sets, compare="pixels")
    assert names(data) == [Path("x/1.png"), Path("x/2.png")]


def test_frame(make):
    pd = pytest.importorskip("pandas")
    a = make("a", "12", ["x", "y"], groups=np.array([1, 2]), age=np.array([1.0, 2.0]))
    data = combine({"a": a, "b": make("b", "3", ["x"])}, as_frame=True)
    assert data.frame.columns.tolist() == ["path", "target", "source", "group", "age"]
    assert isinstance(data.target, pd.Series)
    # A combined data set and a data set with frames can be combined again.
    again = combine({"c": data, "d": make("d", "4", ["x"])}, as_frame=True)
    assert again.source.tolist() == ["c", "c", "c", "d"]
    assert again.origin.tolist() == ["a", "a", "b", None]
    assert again.groups.tolist() == ["c/a/1", "c/a/2", "c/b/image0", "d/image0"]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"datasets": []}, TypeError, "must be a dict such as"),
        ({"datasets": {}}, ValueError, "one or more data sets"),
        ({"datasets": {"a/b": Bunch()}}, ValueError, "without '/'"),
        ({"datasets": {"a": 3}}, TypeError, "'a' must be a Bunch"),
        ({"compare": "hash"}, ValueError, "compare must be"),
        ({"label_map": {"x": "y"}}, TypeError, "label_map must be a dict with"),
        ({"label_map": {"q": {"x": "y"}}}, ValueError, "no data set 'q'.* are 'a'"),
        ({"label_map": {"a": {"q": "y"}}}, ValueError, "'a' has no class 'q'.* 'x'"),
        ({"n_images": {"a": {"q": 1}}}, ValueError, "n_images: .* no class 'q'"),
        ({"n_images": {"a": {"x": 0}}}, ValueError, r"n_images\['a'\]\['x'\]"),
    ],
)
def test_invalid_parameters(make, wrong, error, message):
    parameters = {"datasets": {"a": make("a", "12", ["x", "y"])}} | wrong
    with pytest.raises(error, match=message):
        combine(**parameters)


def test_text_and_numbers_as_classes(make):
    sets = {"a": make("a", "1", ["x"]), "b": make("b", "2", [0])}
    with pytest.raises(ValueError, match=r"all str or all numbers; got 'x' and 0"):
        combine(sets)
    assert combine(sets, label_map={"a": {"x": 1}}).target.tolist() == [1, 0]


def test_a_lost_file(make):
    data = make("a", "12", ["x", "y"])
    Path(data.data[1, 0]).unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 2 files do not exist: .*1\.png"):
        combine({"a": data})


def test_copies_among_real_radiographs():
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "kermany-train"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data/kermany-train) are not here")
    data = load_kermany(folder)
    groups = dict(zip(data.data[:, 0], data.groups, strict=True))
    digests = {path: hashlib.sha256(Path(path).read_bytes()) for path in groups}
    contents = {digest.digest() for digest in digests.values()}
    combined = combine({"kermany": data})
    assert len(combined.target) == len(contents)
    assert len(combined.left_out["copy"]) == len(groups) - len(contents) == 26
    # All copies of the training part have the same patient.
    assert all(len({groups[path] for path in copy}) == 1 for copy in combined.copies)
    normal = {"kermany": {"normal": "normal"}}
    pixels = combine({"kermany": data}, label_map=normal, compare="pixels")
    assert pixels.copies == combine({"kermany": data}, label_map=normal).copies
    assert len(pixels.copies) == 1
