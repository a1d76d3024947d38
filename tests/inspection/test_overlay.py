"""Maps in colors: scales, transparency, and images under them."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from cxrclf.inspection._overlay import Overlay


@pytest.fixture
def maps():
    maps = np.random.default_rng(0).random((3, 2, 4, 5)) * [[[[1]]], [[[9]]], [[[0]]]]
    return maps.astype(np.float32)


def test_values_are_fractions_of_the_largest_of_each_image(maps):
    values = Overlay(maps).values
    for row in range(2):
        np.testing.assert_allclose(values[row], maps[row] / maps[row].max(), rtol=1e-6)
    assert values[:2].max(axis=(1, 2, 3)).tolist() == [1, 1]
    assert not values[2].any()  # of an image without a map


def test_values_are_fractions_of_the_largest_of_the_series(maps):
    values = Overlay(maps, per_image=False).values
    np.testing.assert_allclose(values, maps / maps.max(), rtol=1e-6)


def test_signed_maps_are_divided_by_the_largest_absolute_value():
    overlay = Overlay([[[1.0, -4.0]]])
    assert overlay.signed
    assert overlay.values.tolist() == [[[0.25, -1]]]


def test_the_input_is_not_changed(maps):
    maps = maps.astype(float)
    before = maps.copy()
    Overlay(maps)
    np.testing.assert_array_equal(maps, before)


def test_zero_is_transparent_and_the_opacity_grows():
    opacity = Overlay(np.ones((1, 2, 2))).colors(np.linspace(0, 1, 9))[:, 3]
    assert opacity[0] == 0
    assert (np.diff(opacity) > 0).all()
    assert opacity[-1] < 0.8  # the radiograph is seen below the largest value
    signed = Overlay(-np.ones((1, 2, 2))).colors([0.0, 0.5, 1.0])
    assert signed[1, 3] == 0
    assert signed[0, 3] == signed[2, 3] > 0
    assert signed[0, 2] > signed[0, 0]  # purple below 0
    assert signed[2, 2] < signed[2, 0]  # orange above 0


def test_map_covers_the_image_at_any_size():
    ax = Figure().subplots()
    overlay = Overlay(np.ones((1, 3, 4)))
    overlay.draw(ax, np.zeros((20, 30)), overlay.values[0])
    image, colors = ax.images
    assert image.get_extent() == colors.get_extent() == [-0.5, 29.5, 19.5, -0.5]
    assert colors.get_clim() == (0, 1)


def test_nothing_is_drawn_for_a_map_of_zeros():
    ax = Figure().subplots()
    overlay = Overlay(np.zeros((1, 3, 4)))
    overlay.draw(ax, np.zeros((20, 30)), overlay.values[0])
    assert len(ax.images) == 1


@pytest.mark.parametrize(
    ("maps", "per_image", "label", "limits"),
    [
        ([[1.0]], True, "fraction of the largest\nvalue of the image", (0, 1)),
        ([[1.0]], False, "fraction of the largest\nvalue of the series", (0, 1)),
        (
            [[-1.0]],
            True,
            "fraction of the largest absolute\nvalue of the image",
            (-1, 1),
        ),
    ],
)
def test_color_bar_names_its_unit(maps, per_image, label, limits):
    figure = Figure()
    axes = figure.subplots(1, 2, squeeze=False)
    bar = Overlay(maps, per_image=per_image).add_color_bar(figure, axes)
    assert bar.ax.get_ylabel() == label
    assert (bar.vmin, bar.vmax) == limits


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_maps_have_to_be_finite(bad):
    with pytest.raises(ValueError, match="NaN or infinity"):
        Overlay([[bad, 1.0]])
