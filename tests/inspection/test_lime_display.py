"""LimeDisplay: which superpixels are drawn, and how."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cxrclf.inspection import Lime, LimeDisplay, LimeExplanation, lime_explanation

GREEN, RED = "#009e73", "#d55e00"


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture
def explanation():
    """Two images of 2 by 3 superpixels, of 4 by 4 pixels each."""
    segments = np.arange(6).reshape(2, 3).repeat(4, 0).repeat(4, 1)
    return LimeExplanation(
        segments=np.stack([segments] * 2),
        weights=[np.array([0.1, -0.4, 0.2, 0, 0.3, -0.05]), np.zeros(6)],
        r2=np.array([0.75, np.nan]),
        stability=np.ones(2),
        targets=np.array(["covid", "normal"]),
        probabilities=np.array([[0.7, 0.3], [0.2, 0.8]]),
        classes=np.array(["covid", "normal"]),
    )


@pytest.fixture
def images():
    return np.random.default_rng(0).random((2, 8, 12))


def drawn(ax):
    """Return color, opacity, rows and columns of each superpixel that is drawn."""
    found = []
    for image in ax.images[1:]:
        shade = np.asarray(image.get_array())
        rows, columns = np.nonzero(shade[..., 3])
        color = shade[rows[0], columns[0]]
        where = (rows[0] // 4) * 3 + columns[0] // 4
        assert len(rows) == 16  # the whole superpixel
        found.append((where, to_hex(color[:3]), color[3]))
    return found


def test_strongest_superpixels_are_drawn_by_sign_and_weight(images, explanation):
    display = LimeDisplay.from_explanation(images, explanation, n_features=3)
    ax = display.axes_[0, 1]
    numbers, colors, opacities = zip(*drawn(ax), strict=True)
    assert numbers == (1, 4, 2)
    assert colors == (RED, GREEN, GREEN)
    np.testing.assert_allclose(np.divide(opacities, opacities[0]), [1, 0.75, 0.5])
    assert opacities[0] < 0.6  # the radiograph is seen below


def test_outlines_differ_by_more_than_the_color(images, explanation):
    display = LimeDisplay.from_explanation(images, explanation, n_features=2)
    against, favor = display.axes_[0, 1].collections
    solid = (0, None)
    assert favor.get_linestyle()[0] == solid
    assert against.get_linestyle()[0] != solid
    assert to_hex(favor.get_edgecolor()[0]) == GREEN
    assert to_hex(against.get_edgecolor()[0]) == RED
    legend = display.figure_.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [
        "for the class",
        "against the class",
    ]


def test_outlines_lie_around_the_superpixels_of_images_of_any_size(explanation):
    display = LimeDisplay.from_explanation(
        np.zeros((2, 80, 120)), explanation, n_features=1
    )
    ax = display.axes_[0, 1]
    vertices = ax.collections[0].get_paths()[0].vertices
    # Superpixel 1 lies in rows 0 to 40 and columns 40 to 80, less half a pixel.
    np.testing.assert_allclose(vertices.min(0), [39.5, -0.5], atol=1e-9)
    np.testing.assert_allclose(vertices.max(0), [79.5, 39.5], atol=1e-9)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 119.5), (79.5, -0.5))
    assert ax.images[1].get_extent() == [-0.5, 119.5, 79.5, -0.5]


def test_weights_of_zero_are_not_drawn(images, explanation):
    display = LimeDisplay.from_explanation(images, explanation, n_features=6)
    assert len(drawn(display.axes_[0, 1])) == 5
    assert drawn(display.axes_[1, 1]) == []
    display.figure_.canvas.draw()


def test_titles_and_bars(images, explanation):
    display = LimeDisplay.from_explanation(images, explanation)
    assert [ax.get_title() for ax in display.axes_[:, 1]] == [
        "covid 0.70, R² 0.75",
        "normal 0.80, R² nan",
    ]
    bars = display.axes_[1, 2].patches
    np.testing.assert_allclose([bar.get_width() for bar in bars], [0.2, 0.8])
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_bars_of_many_classes_have_the_explained_class(images, explanation):
    many = replace(
        explanation,
        classes=np.arange(10),
        probabilities=np.tile(np.arange(10) / 45, (2, 1)),
        targets=np.array([2, 9]),
    )
    display = LimeDisplay.from_explanation(images, many)
    shown = [
        [text.get_text() for text in ax.get_yticklabels()] for ax in display.axes_[:, 2]
    ]
    assert shown == [list("256789"), list("456789")]


def test_classifier_is_explained(trained, radiographs):
    X = radiographs.images[:2]
    method = Lime(n_segments=10, n_perturbations=20)
    display = LimeDisplay.from_estimator(trained, X, "covid", method=method)
    expected = lime_explanation(trained, X, "covid", method=method)
    np.testing.assert_array_equal(display.explanation.maps, expected.maps)
    np.testing.assert_array_equal(display.images, X)
    for row in range(2):
        largest = np.sort(np.abs(expected.weights[row]))[::-1][:5]
        opacities = [i.get_array()[..., 3].max() for i in display.axes_[row, 1].images]
        np.testing.assert_allclose(
            np.divide(opacities[1:], opacities[1]), largest / largest[0], rtol=1e-6
        )


def test_figure_of_the_user(images, explanation):
    figure = Figure()
    display = LimeDisplay.from_explanation(images, explanation, figure=figure)
    assert display.figure_ is figure
    assert display.plot().figure_ is not figure


def test_nothing_overlaps(images, explanation):
    names = np.array(["bacterial pneumonia of the left lobe", "no finding at all"])
    long = replace(explanation, classes=names, targets=names)
    figure = LimeDisplay.from_explanation(images, long).figure_
    figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in figure.axes]
    boxes.append(figure.legends[0].get_tightbbox(figure.canvas.get_renderer()))
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("n_features", [0, 2.5, "all"])
def test_number_of_features_is_checked(trained, radiographs, n_features, monkeypatch):
    monkeypatch.setattr(type(trained), "predict_proba", None)
    with pytest.raises(ValueError, match="n_features must be a positive int"):
        LimeDisplay.from_estimator(
            trained, radiographs.images[:2], n_features=n_features
        )


def test_bad_input_is_refused(trained, radiographs, images, explanation):
    with pytest.raises(ValueError, match="20 images at most, but X has 30"):
        LimeDisplay.from_estimator(trained, radiographs.images)
    with pytest.raises(ValueError, match="explanation has 2 images, but images has 1"):
        LimeDisplay.from_explanation(images[:1], explanation)
