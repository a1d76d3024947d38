"""TranslationDisplay: what its axes show, and its errors."""

import numpy as np
import pytest

from cxrclf.generation import TranslationDisplay
from cxrclf.images import ImageReader

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    pyplot.close("all")


def shown(ax):
    return [np.asarray(image.get_array()) for image in ax.get_images()]


def test_rows_show_source_translation_and_change(fitted, radiographs):
    X = radiographs.images[:2]
    display = TranslationDisplay.from_generator(fitted, X)
    made = fitted.translate(X)
    for row in (0, 1):
        source, generated, change = (shown(ax)[0] for ax in display.axes_[row])
        np.testing.assert_allclose(source, X[row] / 255)
        np.testing.assert_allclose(generated, made[row] / 255)
        np.testing.assert_allclose(change, made[row] / 255 - X[row] / 255)
    largest = abs(made / 255 - X / 255).max()
    limits = [ax.get_images()[0].get_clim() for ax in display.axes_[:, 2]]
    np.testing.assert_allclose(limits, [[-largest, largest]] * 2)
    titles = [ax.get_title() for ax in display.axes_[0]]
    assert titles == ["normal", "covid", "change"]


def test_reverse_translates_to_the_source_class(fitted, radiographs):
    X = radiographs.images[:1]
    display = TranslationDisplay.from_generator(fitted, X, reverse=True)
    np.testing.assert_allclose(
        display.generated, fitted.translate(X, reverse=True) / 255
    )
    assert display.titles == ("covid", "normal")


def test_files_are_shown_at_the_size_of_the_networks(make, radiograph_files):
    X = radiograph_files.data
    generator = make(image_size=32, max_iter=1).fit(
        X, radiograph_files.target, ["covid"]
    )
    display = TranslationDisplay.from_generator(generator, X[:2])
    pixels = ImageReader(image_size=32).fit_transform(X[:2])
    np.testing.assert_allclose(display.sources, pixels / 255)


def test_maps_lie_on_the_generated_images(radiographs):
    X = radiographs.images[:2]
    maps = np.zeros((2, 6, 6))
    maps[:, 2] = 3
    display = TranslationDisplay.from_images(X, X // 2, maps=maps)
    assert display.axes_.shape == (2, 4)
    image, values = shown(display.axes_[1, 3])
    np.testing.assert_allclose(image, (X[1] // 2) / 255)
    np.testing.assert_allclose(values, maps[1] / 3)
    overlay = display.axes_[1, 3].get_images()[1]
    assert tuple(overlay.get_extent()) == (-0.5, 47.5, 47.5, -0.5)


def test_color_images_are_shown_in_gray():
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[..., 1] = 255
    display = TranslationDisplay.from_images(images, images)
    np.testing.assert_allclose(display.sources, 0.587)
    assert display.axes_[0, 2].get_images()[0].get_clim() == (-1 / 255, 1 / 255)


@pytest.mark.parametrize(
    ("sources", "generated", "parameters", "message"),
    [
        (np.zeros((21, 8, 8)), np.zeros((21, 8, 8)), {}, "at most, got 21"),
        (np.zeros((2, 8, 8)), np.zeros((2, 8, 9)), {}, "one shape"),
        (np.zeros((8, 8)), np.zeros((8, 8)), {}, "sources must be images"),
        (
            np.zeros((2, 8, 8)),
            np.zeros((2, 8, 8)),
            {"maps": np.zeros((1, 8, 8))},
            r"\(2, h, w\)",
        ),
    ],
)
def test_wrong_input_is_refused(sources, generated, parameters, message):
    with pytest.raises(ValueError, match=message):
        TranslationDisplay.from_images(sources, generated, **parameters)
