"""Every mistake has its own clear error, before any training."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from cxrclf import CXRClassifier
from cxrclf.exceptions import ImageReadError, PixelRangeWarning, WeightsError


@pytest.fixture
def good_files(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for i in range(4):
        path = tmp_path / f"good{i}.png"
        Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).save(path)
        paths.append(str(path))
    return paths


def damaged_files(folder):
    missing = folder / "missing.png"
    empty = folder / "empty.png"
    empty.write_bytes(b"")
    noise = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
    truncated = folder / "truncated.jpg"
    Image.fromarray(noise).save(truncated)
    truncated.write_bytes(truncated.read_bytes()[:3000])
    text = folder / "text.png"
    text.write_text("this is no image")
    bomb = folder / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    return [str(path) for path in (missing, empty, truncated, text, bomb)]


def test_all_unreadable_files_are_named_at_once(good_files, tmp_path, small_classifier):
    bad = damaged_files(tmp_path)
    with pytest.raises(ImageReadError) as caught:
        small_classifier().fit(good_files + bad, np.arange(9) % 2)
    assert list(caught.value.failures) == bad
    reasons = list(caught.value.failures.values())
    assert len(set(reasons)) == 5, reasons
    for path in bad:
        assert path in str(caught.value)


def test_one_pixel_images(small_classifier):
    X = np.zeros((4, 1, 1), dtype=np.uint8)
    with pytest.raises(ValueError, match="too small"):
        CXRClassifier("vgg16", weights=None, max_epochs=1).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.full((4, 32, 32), np.nan), "NaN"),
        (np.full((4, 32, 32), np.inf), "infinity"),
        (np.zeros((4, 8, 8, 3, 2)), r"Got an array of shape \(4, 8, 8, 3, 2\)"),
        (np.zeros(4), r"Got an array of shape \(4,\). Reshape your data"),
        (np.zeros((3, 32, 32)), "inconsistent numbers of samples"),
        (np.zeros((0, 32, 32)), r"Found array with 0 sample"),
        (np.zeros((4, 0, 32)), r"images without pixels, of shape \(4, 0, 32\)"),
        (np.zeros((4, 32, 32), dtype=complex), "Complex data"),
    ],
)
def test_bad_arrays(X, message, small_classifier):
    with pytest.raises(ValueError, match=message):
        small_classifier().fit(X, [0, 1, 0, 1])


def test_float_pixels_in_0_255_warn(small_classifier):
    X = np.random.default_rng(0).random((4, 32, 32)) * 255
    with pytest.warns(PixelRangeWarning, match="Divide 8-bit pixels by 255"):
        small_classifier(max_epochs=1).fit(X, [0, 1, 0, 1])


def test_validation_sets_are_given_whole_and_once(small_classifier):
    X = np.random.default_rng(0).integers(0, 256, (8, 32, 32), dtype=np.uint8)
    y = np.arange(8) % 2
    with pytest.raises(ValueError, match="together or not at all"):
        small_classifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"not among the classes \[0, 1\]: \[2\]"):
        small_classifier().fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match="Both validation_fraction and X_val"):
        small_classifier(validation_fraction=0.2).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="Set validation_fraction=None"):
        small_classifier(validation_fraction=0.2).partial_fit(X, y)


def test_later_calls_have_to_fit_the_first(small_classifier):
    X = np.random.default_rng(0).integers(0, 256, (8, 32, 32), dtype=np.uint8)
    y = np.arange(8) % 2
    clf = small_classifier(max_epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start needs the classes"):
        clf.fit(X, y + 1)
    with pytest.raises(ValueError, match="not among the classes"):
        clf.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="partial_fit needs the classes"):
        clf.partial_fit(X, y, classes=[0, 1, 2])


class Payload:
    def __reduce__(self):
        return (print, ("a pickle was executed",))


def test_weights_of_another_architecture_and_pickles(
    tmp_path, small_classifier, capsys
):
    X = np.random.default_rng(0).integers(0, 256, (4, 32, 32), dtype=np.uint8)
    other = tmp_path / "other.safetensors"
    save_file({"conv.weight": torch.zeros(3, 3)}, other)
    with pytest.raises(WeightsError, match=r"other\.safetensors"):
        small_classifier(weights=other).fit(X, [0, 1, 0, 1])
    evil = tmp_path / "evil.pth"
    evil.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(WeightsError, match=r"evil\.pth"):
        small_classifier(weights=evil).fit(X, [0, 1, 0, 1])
    assert "executed" not in capsys.readouterr().out
    with pytest.raises(WeightsError, match=r"gone\.pth"):
        small_classifier(weights=tmp_path / "gone.pth").fit(X, [0, 1, 0, 1])


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_paths_as_labels(radiograph_files, small_classifier):
    X = radiograph_files.data
    with pytest.raises(ValueError, match="y has paths of files.* use UNetSegmenter"):
        small_classifier().fit(X, X[:, 0])


def test_a_first_partial_fit_with_one_class(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    one = y == "covid"
    clf = small_classifier()
    with pytest.raises(ValueError, match="only class. Pass classes with all classes"):
        clf.partial_fit(X[one], y[one])
    clf.partial_fit(X[one], y[one], classes=np.unique(y)).partial_fit(X, y)
    assert clf.predict_proba(X).shape == (len(X), 3)


def test_outputs_that_are_not_finite(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=1).fit(X, y)
    next(clf.net_.module_.parameters()).data.fill_(float("nan"))
    with pytest.raises(ValueError, match="NaN or infinity, because its training div"):
        clf.predict(X)
