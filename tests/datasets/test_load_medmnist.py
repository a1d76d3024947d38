import numpy as np
import pytest

from cxrclf.datasets import load_medmnist


def make_arrays(n_labels=1, side=28, sizes=(4, 2, 3)):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in zip(("train", "val", "test"), sizes, strict=True):
        shape = (n, side, side)
        arrays[f"{part}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, 2, (n, n_labels), dtype=np.uint8)
    return arrays


@pytest.fixture
def save(tmp_path):
    def save(name="pneumoniamnist.npz", **arrays):
        np.savez_compressed(tmp_path / name, **arrays)
        return tmp_path / name

    return save


@pytest.mark.parametrize("side", [28, 64])
def test_pneumonia(save, side):
    arrays = make_arrays(side=side)
    data = load_medmnist(save(f"pneumoniamnist_{side}.npz", **arrays))
    parts = ("train", "val", "test")
    images = np.concatenate([arrays[f"{part}_images"] for part in parts])
    labels = np.concatenate([arrays[f"{part}_labels"] for part in parts])
    assert data.images.dtype == np.uint8
    assert (data.images == images).all()
    names = np.array(["normal", "pneumonia"])
    assert data.target.tolist() == names[labels[:, 0]].tolist()
    assert data.target_names == ["normal", "pneumonia"]
    assert data.split.tolist() == ["train"] * 4 + ["val"] * 2 + ["test"] * 3
    assert data.groups is None
    assert data.findings is None
    assert f"9 images of {side} × {side} pixels" in data.DESCR


def test_findings_of_chestmnist(save):
    arrays = make_arrays(14)
    arrays["test_labels"][:] = 0
    arrays["test_labels"][1, [2, 4]] = 1
    arrays["test_labels"][2, 13] = 1
    path = save("chestmnist.npz", **arrays)
    data = load_medmnist(path, split="test")
    assert data.target.tolist() == ["no finding", "effusion|mass", "hernia"]
    assert data.findings.dtype == bool
    assert (data.findings == arrays["test_labels"]).all()
    assert data.finding_names[4] == "mass"
    assert (data.images == arrays["test_images"]).all()
    assert load_medmnist(path).findings.shape == (9, 14)


def test_parts_come_in_the_published_order(save):
    path = save(**make_arrays())
    data = load_medmnist(path, split=["test", "train"])
    assert data.split.tolist() == ["train"] * 4 + ["test"] * 3
    with pytest.raises(ValueError, match="split must be 'train', 'val', 'test'"):
        load_medmnist(path, split="validation")


def test_other_files(save, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_medmnist(tmp_path / "chestmnist.npz")
    with pytest.raises(ValueError, match=r"must begin with .*no chest radiographs"):
        load_medmnist(save("pathmnist.npz", **make_arrays()))
    damaged = tmp_path / "chestmnist_64.npz"
    damaged.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match="cannot be read as an npz file"):
        load_medmnist(damaged)
    content = save(**make_arrays()).read_bytes()
    for data in (b"", content[:-2000], content[:5000] + b"0" * 500 + content[5500:]):
        damaged.write_bytes(data)
        with pytest.raises(ValueError, match="cannot be read as an npz file"):
            load_medmnist(damaged.rename(tmp_path / "pneumoniamnist_64.npz"))
    np.save(tmp_path / "chestmnist.npy", np.zeros(3))
    with pytest.raises(ValueError, match="no zip archive"):
        load_medmnist(tmp_path / "chestmnist.npy")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"val_labels": None}, "no array 'val_labels'"),
        ({"val_labels": np.zeros((2, 14))}, r"val_labels .* of shape \(2, 1\)"),
        ({"val_labels": np.uint8(0)}, r"val_labels .* got shape \(1,\)"),
        ({"val_images": np.uint8(0)}, r"val_images .* got shape \(\)"),
        ({"val_labels": np.full((2, 1), 5)}, r"0 and 1 .* values such as \[5\]"),
        ({"val_images": np.zeros((2, 28, 28))}, "val_images .* of float64"),
        ({"val_images": np.zeros((2, 28, 28, 3), np.uint8)}, "gray images"),
        ({"val_images": np.zeros((2, 64, 64), np.uint8)}, "images of several sizes"),
    ],
)
def test_other_content(save, wrong, message):
    arrays = make_arrays() | wrong
    path = save(**{name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(ValueError, match=message):
        load_medmnist(path)
