"""Exported models predict as the estimators do."""

import copy
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline

from cxrclf import CXRClassifier, DualBackboneConcat, UNetSegmenter
from cxrclf._onnx.graph import GraphError
from cxrclf.datasets import make_chest_radiographs
from cxrclf.export import OnnxExport, _to_onnx, to_onnx
from cxrclf.metrics import segmentation_scores
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime
SETTINGS = {"weights": None, "max_epochs": 1, "random_state": 0}
# Each kind needs an export of about two seconds.
SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("all", "two backbones")]
KINDS = ["head", "color", "masks", "labels", *SLOW]


@pytest.fixture(scope="module")
def data():
    return make_chest_radiographs(12, image_size=64, random_state=0)


@pytest.fixture(scope="module")
def fit(data):
    """Return a function that fits each kind of estimator once."""
    known = {}

    def make(kind):
        X, y = data.images, data.target
        if kind == "head":
            return CXRClassifier("test_resnet", **SETTINGS).fit(X, y)
        if kind == "all":
            clf = CXRClassifier("test_resnet", trainable="all", **SETTINGS)
            return clf.set_params(precision="float64", hidden_units=4).fit(X, y)
        if kind == "color":
            clf = CXRClassifier("test_resnet", normalization="unit", **SETTINGS)
            return clf.fit(np.repeat(X[..., None], 3, axis=3), y)
        if kind == "two backbones":
            names = "test_resnet", "test_efficientnet"
            clf = DualBackboneConcat(names, pointwise_channels=4, **SETTINGS)
            return clf.set_params(image_size=64).fit(X, y)
        settings = SETTINGS | {"depth": 2, "width": 4}
        if kind == "masks":
            return UNetSegmenter(**settings, threshold=0.4).fit(X, data.masks)
        return UNetSegmenter(**settings, labels=[0, 1, 2]).fit(X, cut_masks(data.masks))

    def fit(kind):
        if kind not in known:
            known[kind] = make(kind)
        return known[kind]

    return fit


def cut_masks(masks):
    """Return masks of three classes: background, left and right lung."""
    codes = masks.astype(np.uint8)
    codes[:, :, 32:] *= 2
    return codes


@pytest.fixture(scope="module")
def exported(fit, tmp_path_factory):
    """Return a function that exports each kind of estimator once."""
    known = {}

    def export(kind):
        if kind not in known:
            path = tmp_path_factory.mktemp("models") / "model.onnx"
            known[kind] = to_onnx(fit(kind), path)
        return known[kind]

    return export


def predict(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"images": images})[0]


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_those_of_the_estimator(kind, fit, exported):
    result = exported(kind)
    assert isinstance(result, OnnxExport)
    assert result.megabytes == result.path.stat().st_size / 1e6
    assert 0 <= result.difference < 1e-5
    X = make_chest_radiographs(7, image_size=64, random_state=1).images
    if kind == "color":
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
    estimator = fit(kind)
    # The estimator may compute in bfloat16.
    atol = 1e-5 if estimator.precision_ != "bfloat16" else 0.05
    expected = estimator.predict_proba(X)
    for n in (1, 2, 7):
        np.testing.assert_allclose(predict(result.path, X[:n]), expected[:n], atol=atol)


@pytest.mark.parametrize("kind", ["head", "masks"])
def test_metadata(kind, fit, exported):
    estimator = fit(kind)
    model = onnx.load(exported(kind).path)
    onnx.checker.check_model(model)
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dimensions] == ["n", 64, 64]
    found = {item.key: json.loads(item.value) for item in model.metadata_props}
    assert found["classes"] == estimator.classes_.tolist()
    assert found["image_size"] == [64, 64]
    assert found["keep_aspect_ratio"] is False
    assert found["estimator"] == type(estimator).__name__
    assert {"cxrclf", "torch", "timm", "onnx"} <= set(found["versions"])
    if kind == "masks":
        assert (found["task"], found["threshold"]) == ("segmentation", 0.4)
    assert b".py" not in exported(kind).path.read_bytes()


def test_scalars_of_numpy(fit, tmp_path, monkeypatch):
    kept = {}

    def export_model(*args, metadata, **kwargs):
        kept.update(metadata)
        raise GraphError("stop")

    monkeypatch.setattr(_to_onnx, "export_model", export_model)
    segmenter = copy.deepcopy(fit("masks"))
    segmenter.set_params(largest_components=np.int64(2), threshold=np.float32(0.5))
    with pytest.raises(ValueError, match="stop"):
        to_onnx(segmenter, tmp_path / "model.onnx")
    assert json.loads(kept["largest_components"]) == 2


def test_the_estimator_stays_as_it_is(fit, exported, data):
    clf = fit("all")
    before = clf.get_params()
    exported("all")
    assert clf.get_params() == before
    assert clf.precision_ == "float64"
    assert next(clf.net_.module_.parameters()).dtype.itemsize == 8


@pytest.mark.parametrize("kind", ["head", "labels"])
def test_integers_of_8_bits(kind, fit, exported, data, tmp_path):
    path = tmp_path / "model.onnx"
    estimator = fit(kind)
    X = make_chest_radiographs(12, image_size=64, random_state=3)
    y = X.target if kind == "head" else cut_masks(X.masks)
    result = to_onnx(
        estimator,
        path,
        quantize="int8",
        X_calibration=data.images,
        X_test=X.images,
        y_test=y,
    )
    plain = exported(kind)
    assert result.float_megabytes == plain.megabytes
    assert result.megabytes == path.stat().st_size / 1e6
    if kind == "head":  # the weights of the U-Net are smaller than its graph
        assert result.megabytes < 0.4 * plain.megabytes
    before, after = predict(plain.path, data.images), predict(path, data.images)
    agreement = (before.argmax(-1) == after.argmax(-1)).mean()
    assert result.agreement == pytest.approx(agreement)
    assert result.calibration_difference == pytest.approx(abs(before - after).max())
    assert 0 < result.calibration_difference < 0.1
    assert "8-bit integers instead of" in str(result)
    assert result.float_score == pytest.approx(estimator.score(X.images, y), abs=0.01)
    codes = predict(path, X.images).argmax(-1)
    if kind == "head":
        assert result.score == accuracy_score(y, estimator.classes_[codes])
    else:
        dice = segmentation_scores(y, codes.astype(np.uint8), labels=[0, 1, 2])["dice"]
        assert result.score == pytest.approx(np.nanmean(dice))
    found = {item.key for item in onnx.load(path).metadata_props}
    assert "classes" in found


@pytest.mark.slow
@pytest.mark.parametrize("color", [False, True])
def test_gray_images_calibrate_models_of_color(color, fit, exported, data, tmp_path):
    X = np.repeat(data.images[..., None], 3, axis=3) if color else data.images
    path = tmp_path / "model.onnx"
    result = to_onnx(fit("color"), path, quantize="int8", X_calibration=X)
    assert result.float_megabytes == exported("color").megabytes
    X = np.repeat(data.images[..., None], 3, axis=3)
    largest = abs(predict(exported("color").path, X) - predict(path, X)).max()
    assert result.calibration_difference == pytest.approx(largest)


def test_color_does_not_calibrate_models_of_gray(fit, data, tmp_path, monkeypatch):
    monkeypatch.setattr(_to_onnx, "export_model", None)  # the check is earlier
    X = np.repeat(data.images[..., None], 3, axis=3)
    with pytest.raises(ValueError, match="X_calibration has images of 3 channels"):
        to_onnx(fit("head"), tmp_path / "m.onnx", quantize="int8", X_calibration=X)


@pytest.mark.slow
def test_images_smaller_than_radiographs(data, tmp_path):
    X = data.images[:, ::8, ::4]  # (8, 16)
    clf = CXRClassifier("test_resnet", precision="float32", **SETTINGS)
    result = to_onnx(clf.fit(X, data.target), tmp_path / "model.onnx")
    expected = clf.predict_proba(X)
    np.testing.assert_allclose(predict(result.path, X), expected, atol=1e-5)


@pytest.mark.slow
def test_files_calibrate(fit, radiograph_files, tmp_path):
    result = to_onnx(
        fit("head"),
        tmp_path / "model.onnx",
        quantize="int8",
        X_calibration=radiograph_files.data,
    )
    assert result.agreement > 0.9


@pytest.mark.parametrize(
    ("make", "path", "error", "message"),
    [
        (lambda clf: make_pipeline(clf), "m.onnx", TypeError, r"pipeline\[-1\]"),
        (lambda clf: "model", "m.onnx", TypeError, "got str"),
        (lambda clf: clf.__class__(), "m.onnx", NotFittedError, "not fitted"),
        (lambda clf: clf, "m.pt", ValueError, "must end with .onnx"),
        (lambda clf: clf, "folder.onnx", ValueError, "is a folder"),
    ],
)
def test_wrong_arguments(make, path, error, message, fit, tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(error, match=message):
        to_onnx(make(fit("head")), tmp_path / path)


@pytest.mark.parametrize(
    "arguments", [{"quantize": "int8"}, {"X_calibration": np.zeros((1, 64, 64))}]
)
def test_arguments_that_belong_together(arguments, fit, tmp_path):
    with pytest.raises(ValueError, match="Pass both or neither"):
        to_onnx(fit("head"), tmp_path / "m.onnx", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_test": ["covid"]}, "X_test and y_test belong together"),
        (
            {"X_test": np.zeros((1, 64, 64)), "y_test": ["covid"]},
            'need quantize="int8"',
        ),
    ],
)
def test_test_images_need_labels_and_integers(arguments, message, fit, tmp_path):
    with pytest.raises(ValueError, match=message):
        to_onnx(fit("head"), tmp_path / "m.onnx", **arguments)


def test_a_model_that_differs_is_not_written(fit, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    monkeypatch.setattr(_to_onnx, "export_model", lambda *args, **kwargs: b"")
    monkeypatch.setattr(
        _to_onnx, "_open", lambda model: lambda images: np.zeros((len(images), 3))
    )
    with pytest.raises(ValueError, match="differs from the estimator by"):
        to_onnx(fit("head"), path)
    monkeypatch.setattr(
        _to_onnx, "_open", lambda model: lambda images: np.zeros((len(images), 2))
    )
    with pytest.raises(
        ValueError, match=r"the shape \(1, 2\) for 1 images, instead of"
    ):
        to_onnx(fit("head"), path)
    assert path.read_bytes() == b"old"


def test_an_operator_without_translation(fit, tmp_path, monkeypatch):
    def export_model(*args, **kwargs):
        raise GraphError("its operator aten.strange has no translation")

    monkeypatch.setattr(_to_onnx, "export_model", export_model)
    with pytest.raises(ValueError, match=r"cannot be exported: .*aten\.strange"):
        to_onnx(fit("head"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
