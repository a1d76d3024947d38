"""SaliencyDisplay: what is drawn, and what is refused."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cxrclf.inspection import SaliencyDisplay, saliency_maps


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def titles(display):
    return [[ax.get_title() for ax in row] for row in display.axes_]


def test_all_classes_of_a_classifier(trained, radiographs):
    X, y = radiographs.images[:2], radiographs.target[:2]
    display = SaliencyDisplay.from_estimator(trained, X, y=y)
    maps = saliency_maps(trained, X, "all")
    np.testing.assert_array_equal(display.maps, maps)
    np.testing.assert_array_equal(display.images, X)
    probabilities = trained.predict_proba(X)
    assert titles(display) == [
        [label] + [f"{c} {p:.2f}" for c, p in zip(trained.classes_, row, strict=True)]
        for label, row in zip(y, probabilities, strict=True)
    ]
    drawn = display.axes_[1, 2].images[1].get_array()
    np.testing.assert_allclose(drawn, maps[1, 1] / maps[1].max(), rtol=1e-6)
    assert display.figure_ is display.axes_[0, 0].figure


@pytest.mark.parametrize("target", [None, "covid", ["normal", "covid"]])
def test_one_class_per_image(trained, radiographs, target):
    X = radiographs.images[:2]
    display = SaliencyDisplay.from_estimator(trained, X, target, method="cam")
    labels = trained.predict(X) if target is None else np.broadcast_to(target, 2)
    maps = saliency_maps(trained, X, labels, method="cam")
    np.testing.assert_allclose(display.maps[:, 0], maps, atol=1e-6)
    classes = trained.classes_.tolist()
    chosen = [classes.index(label) for label in labels]
    probabilities = trained.predict_proba(X)[[0, 1], chosen]
    assert titles(display) == [
        [f"image {i + 1}", f"{labels[i]} {probabilities[i]:.2f}"] for i in range(2)
    ]


def test_maps_of_zeros_are_not_drawn():
    maps = np.zeros((2, 2, 4, 4))
    maps[0, 0, 1] = 3
    display = SaliencyDisplay.from_maps(np.zeros((2, 8, 8)), maps)
    assert [[len(ax.images) for ax in row] for row in display.axes_] == [
        [1, 2, 1],
        [1, 1, 1],
    ]
    display.figure_.canvas.draw()


def test_labels_of_columns_and_of_images(radiographs):
    X = radiographs.images[:2]
    columns = SaliencyDisplay.from_maps(X, np.ones((2, 3, 4, 4)), targets=["a", "b", 7])
    assert [row[1:] for row in titles(columns)] == [["a", "b", "7"]] * 2
    single = SaliencyDisplay.from_maps(
        X, np.ones((2, 4, 4)), targets=["a", "b"], probabilities=[0.25, 1], y=[1, 2]
    )
    assert titles(single) == [["1", "a 0.25"], ["2", "b 1.00"]]


def test_files_are_shown_at_the_size_of_the_maps(lung_files):
    display = SaliencyDisplay.from_maps(lung_files.images[:2], np.ones((2, 10, 12)))
    assert display.images.shape == (2, 10, 12)


def test_figure_of_the_user(radiographs):
    figure = Figure()
    display = SaliencyDisplay.from_maps(
        radiographs.images[:1], np.ones((1, 4, 4)), figure=figure
    )
    assert display.figure_ is figure
    assert display.plot().figure_ is not figure
    assert len(figure.get_axes()) == 3


def test_titles_do_not_overlap():
    name = "bacterial pneumonia of the lower left lobe"
    display = SaliencyDisplay.from_maps(
        np.eye(16)[None].repeat(2, 0),
        np.ones((2, 3, 4, 4)),
        targets=[name] * 3,
        probabilities=np.ones((2, 3)),
        y=[name] * 2,
    )
    figure = display.figure_
    figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in display.axes_.ravel()]
    boxes.append(display.color_bar_.ax.get_tightbbox())
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.containsx(b.x0) and b.x1 <= figure.bbox.x1 for b in boxes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"maps": np.ones((3, 4, 4))}, r"for 2 images, got \(3, 4, 4\)"),
        ({"maps": np.ones((4, 4))}, r"\(n, k, h, w\)"),
        ({"maps": np.ones((2, 4, 4)), "targets": ["a"]}, r"shape \(2,\), got \(1,\)"),
        (
            {"maps": np.ones((2, 3, 4, 4)), "probabilities": [1, 1, 1]},
            r"probabilities .* shape \(2, 3\), got \(3,\)",
        ),
        ({"maps": np.ones((2, 4, 4)), "y": ["a"]}, "y has 1 labels"),
        ({"maps": np.full((2, 4, 4), np.nan)}, "NaN"),
    ],
)
def test_shapes_that_do_not_match_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SaliencyDisplay.from_maps(np.zeros((2, 8, 8)), **arguments)
    assert not plt.get_fignums()


def test_bad_input_is_refused_before_the_work(trained, radiographs, monkeypatch):
    monkeypatch.setattr(type(trained), "predict_proba", None)
    X = radiographs.images
    draw = SaliencyDisplay.from_estimator
    with pytest.raises(ValueError, match="20 images at most, but X has 30"):
        draw(trained, X)
    with pytest.raises(ValueError, match="method must be one of"):
        draw(trained, X[:2], method="gradcm")
    with pytest.raises(ValueError, match="y has 30 labels"):
        draw(trained, X[:2], y=radiographs.target)
    with pytest.raises(ValueError, match="target has 'flu'"):
        draw(trained, X[:2], "flu")
