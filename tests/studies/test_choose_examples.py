"""Typical images and the worst errors are shown with their maps."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.inspection import saliency_maps
from cxrclf.metrics import Predictions
from cxrclf.studies._choose_examples import _scale_maps, choose_examples

CLASSES = ["covid", "normal", "pneumonia"]


@pytest.fixture(scope="module")
def net(small_net, images):
    net = small_net(image_size=64, random_state=0)
    return net.fit(images.X, images.y)


@pytest.fixture(scope="module")
def predictions(images):
    """Predictions that are right in two of three images."""
    rng = np.random.default_rng(0)
    rows = np.arange(4, 24)
    truth = images.y[rows]
    predicted = np.where(np.arange(20) % 3 == 0, rng.choice(CLASSES, 20), truth)
    scores = rng.random((20, 3)) + 1.5 * (predicted[:, None] == np.array(CLASSES))
    scores /= scores.sum(axis=1, keepdims=True)
    return Predictions(truth, predicted, scores, classes=CLASSES, rows=rows)


@pytest.fixture(scope="module")
def examples(net, images, predictions):
    return choose_examples(net, images.X, predictions, n_worst=2)


def test_images_are_those_of_a_plain_loop(examples, predictions):
    rows = []
    columns = (predictions.rows, predictions.y_true, predictions.y_pred)
    lines = list(zip(*columns, predictions.y_score.max(axis=1), strict=True))
    for label in CLASSES:
        right = sorted((p, row) for row, true, y, p in lines if true == y == label)
        rows.append(right[len(right) // 2][1])  # the median
    wrong = sorted((-p, row) for row, true, y, p in lines if true != y)
    rows += [row for _, row in wrong[:2]]
    assert examples.rows.tolist() == rows
    assert examples.kind == ["typical"] * 3 + ["worst"] * 2
    for i, row in enumerate(rows):
        (line,) = [line for line in lines if line[0] == row]
        assert (examples.y_true[i], examples.y_pred[i]) == line[1:3]
        assert examples.probability[i] == line[3]


def test_maps_explain_the_predicted_class_from_0_to_1(examples, net, images):
    assert examples.maps.shape == (5, 64, 64)
    assert examples.maps.dtype == np.float32
    maps = saliency_maps(net, images.X[examples.rows], examples.y_pred)
    largest = maps.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(
        examples.maps, maps / np.where(largest, largest, 1), atol=1e-5
    )
    assert examples.maps.min() >= 0
    assert examples.maps.max() == 1


def test_other_methods_explain_too(net, images, predictions):
    found = choose_examples(net, images.X, predictions, method="occlusion", n_worst=0)
    targets = found.y_pred
    maps = saliency_maps(net, images.X[found.rows], targets, method="occlusion")
    # Occlusion has negative values: evidence against the class.
    positive = np.maximum(maps, 0)
    largest = positive.max(axis=(1, 2), keepdims=True)
    expected = np.where(largest > 0, positive / np.where(largest > 0, largest, 1), 0)
    np.testing.assert_allclose(found.maps, expected, atol=1e-6)


def test_a_map_of_zeros_remains_and_evidence_against_a_class_is_0():
    maps = np.array([[[0.0, 0.0]], [[1.0, 4.0]], [[-3.0, 2.0]], [[-1.0, -2.0]]])
    expected = [[[0, 0]], [[0.25, 1]], [[0, 1]], [[0, 0]]]
    assert _scale_maps(maps).tolist() == expected


@pytest.mark.parametrize("form", ["uint16", "RGB uint16", "RGB", "floats", "rows"])
def test_all_forms_of_images_look_the_same(form, images, predictions, small_net):
    X, image_shape = images.X, None
    if "RGB" in form:
        X = np.repeat(X[..., None], 3, axis=3)
    if "uint16" in form:
        X = X.astype(np.uint16) * 257
    if form == "floats":
        X = (X / 255).astype(np.float32)
    if form == "rows":
        X, image_shape = X.reshape(len(X), -1), (32, 32)
    net = small_net(image_size=64, image_shape=image_shape, random_state=0)
    net.fit(X, images.y)
    found = choose_examples(net, X, predictions, n_worst=2)
    assert found.images.shape == found.maps.shape == (5, 64, 64)
    assert found.images.dtype == np.uint8
    # Pillow resizes 8-bit pixels in fixed-point numbers: one gray level of rounding.
    for image, row in zip(found.images, found.rows, strict=True):
        picture = Image.fromarray(images.X[row])
        expected = picture.resize((64, 64), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(image, np.array(expected).astype(int), atol=1)


def test_files_are_shown_as_the_network_sees_them(
    images, predictions, small_net, tmp_path
):
    """12-bit pixels in 16-bit files, which are padded instead of stretched."""
    wide = np.repeat(images.X, 2, axis=2).astype(np.uint16) * 16
    paths = [str(tmp_path / f"{number}.png") for number in range(24)]
    for path, pixels in zip(paths, wide, strict=True):
        Image.fromarray(pixels).save(path)
    net = small_net(
        image_size=64, keep_aspect_ratio=True, bits_stored=12, random_state=0
    )
    net.fit(paths, images.y)
    found = choose_examples(net, paths, predictions, n_worst=2)
    expected = np.zeros((5, 64, 64))
    expected[:, 16:48] = np.repeat(images.X[found.rows], 2, axis=2)
    np.testing.assert_allclose(found.images.astype(int), expected, atol=1)
