"""TranslationDisplay: what is drawn, and what is refused."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from cxrclf.exceptions import PixelRangeWarning
from cxrclf.generation import ElasticGenerator, TranslationDisplay
from cxrclf.images import ImageReader
from rare_images import make_rare


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    return make_rare(tmp_path_factory.mktemp("rare"))


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


class Brighten:
    """Adds a number of gray levels to the pixels of X, or of files at 12 by 16."""

    source_ = "normal"

    def __init__(self, levels=40, **attributes):
        self.levels = levels
        vars(self).update(attributes)

    def translate(self, X, label=None, reverse=False):
        if isinstance(X[0], str):
            X = ImageReader((12, 16), keep_aspect_ratio=True).transform(X)
        X = np.asarray(X)
        levels = np.array(self.levels, X.dtype)
        return X - levels if reverse else X + levels


def titles(display):
    return [[ax.get_title() for ax in row] for row in display.axes_]


def drawn(display, row, column, layer=0):
    return np.asarray(display.axes_[row, column].images[layer].get_array())


def test_changes_are_fractions_of_the_range_on_one_scale():
    sources = np.full((2, 8, 6), 100, dtype=np.uint8)
    generated = sources.copy()
    generated[0, 2, 3] = 151
    generated[1, 4, 1] = 49
    generated[1, 5, 5] = 125
    display = TranslationDisplay.from_images(sources, generated)
    change = (generated.astype(float) - sources) / 255
    np.testing.assert_allclose(display.changes_, change, atol=1e-12)
    for row in range(2):
        np.testing.assert_allclose(drawn(display, row, 2), change[row], atol=1e-12)
        image = display.axes_[row, 2].images[0]
        np.testing.assert_allclose(image.get_clim(), (-0.2, 0.2))
    bar = display.color_bar_
    np.testing.assert_allclose((bar.vmin, bar.vmax), (-0.2, 0.2))
    assert "fraction" in bar.ax.get_ylabel()
    # An unchanged pixel is white, a brighter one orange and a darker one purple.
    colors = bar.cmap(bar.norm([0, 0.2, -0.2]))
    assert colors[0, :3].min() > 0.95
    assert colors[1, 0] > colors[1, 2]
    assert colors[2, 2] > colors[2, 0]


def test_a_pair_has_one_gray_scale(rare):
    display = TranslationDisplay.from_images(rare.floats[:2], rare.floats[:2] / 2)
    for row in range(2):
        pair = rare.floats[row].min() / 2, rare.floats[row].max()
        for column in range(2):
            assert display.axes_[row, column].images[0].get_clim() == pair


@pytest.mark.parametrize("form", ["pixels", "color", "rows", "files"])
def test_generator(rare, form):
    generator = Brighten(keep_aspect_ratio=True)
    X, expected = rare.pixels[:3] // 2, rare.pixels[:3] // 2
    if form == "color":
        X = np.stack([X] * 3, axis=-1)
    elif form == "rows":
        X = X.reshape(3, -1)
        generator.image_shape = (24, 20)
    elif form == "files":
        generator.levels = 0
        X = rare.files[:3]
        reader = ImageReader((12, 16), keep_aspect_ratio=True)
        expected = reader.fit_transform(X)
    display = TranslationDisplay.from_generator(generator, X, "covid", y=rare.y[:3])
    np.testing.assert_allclose(drawn(display, 1, 0), expected[1] / 255, atol=1e-9)
    np.testing.assert_allclose(
        drawn(display, 1, 1), (expected[1] + generator.levels) / 255, atol=1e-9
    )
    assert titles(display) == [[y, "translated to covid", "change"] for y in rare.y[:3]]
    assert display.figure_ is display.axes_[0, 0].figure


def test_classes_of_the_titles(rare):
    X = rare.pixels[:1] // 2 + 50
    draw = TranslationDisplay.from_generator
    assert titles(draw(Brighten(), X))[0] == ["image 1", "translation", "change"]
    generator = Brighten(translators_={"covid": None})
    assert titles(draw(generator, X))[0][1] == "translated to covid"
    display = draw(generator, X, reverse=True)
    assert titles(display)[0][1] == "translated to normal"
    assert display.changes_.max() < 0


def test_files_of_8_bits_and_translations_of_16_bits(rare):
    sources = rare.pixels[:2]
    same = sources.astype(np.uint16) * 257
    assert not TranslationDisplay.from_images(sources, same).changes_.any()


def test_pixels_of_12_bits_in_16(tmp_path):
    X = np.full((2, 8, 8), 4000, dtype=np.uint16)
    paths = [str(tmp_path / f"{k}.png") for k in range(2)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)

    class Whiten(Brighten):
        def translate(self, X, label=None):
            return np.full((2, 8, 8), 4095, dtype=np.uint16)

    for images in (X, paths):
        display = TranslationDisplay.from_generator(Whiten(bits_stored=12), images)
        np.testing.assert_allclose(display.changes_, 95 / 4095, atol=1e-4)


@pytest.mark.parametrize(
    ("dtype", "message"),
    [
        (float, r"must be in \[0, 1\].* to 255.* Divide 8-bit pixels by 255"),
        (np.int64, "int64 pixels are divided by .* pass them as uint8"),
        (np.uint16, "uint16 pixels are divided by 65535.* pass them as uint8"),
    ],
)
@pytest.mark.parametrize("wrong", ["sources", "generated"])
def test_pixels_of_another_range(rare, dtype, message, wrong):
    X = rare.pixels[:2].copy()
    X[:, 0, 0] = 255
    arrays = {"sources": X, "generated": X}
    with pytest.warns(PixelRangeWarning, match=message):
        TranslationDisplay.from_images(**{**arrays, wrong: X.astype(dtype)})


def test_green_is_brighter_than_blue():
    sources = np.zeros((1, 2, 2, 3))
    generated = sources.copy()
    generated[0, 0, 0, 1] = generated[0, 1, 1, 2] = 1
    display = TranslationDisplay.from_images(sources, generated)
    np.testing.assert_allclose(display.changes_, [[[0.587, 0], [0, 0.114]]])


@pytest.mark.parametrize("signed", [False, True])
def test_maps_are_drawn_on_the_translations(rare, signed):
    maps = np.arange(24.0).reshape(2, 3, 4)
    maps[1] = 0
    if signed:
        maps[0] -= 6
    generator, calls = Brighten(), []

    def explain(translated):
        calls.append(translated)
        return maps

    X = rare.pixels[:2] // 2
    display = TranslationDisplay.from_generator(generator, X, maps=explain)
    np.testing.assert_array_equal(calls[0], X + 40)
    assert display.axes_.shape == (2, 4)
    np.testing.assert_allclose(drawn(display, 0, 3), (X[0] + 40) / 255)
    expected = maps[0] / np.abs(maps).max()
    np.testing.assert_allclose(drawn(display, 0, 3, 1), expected)
    layer = display.axes_[0, 3].images[1]
    assert layer.get_clim() == (-1 if signed else 0, 1)
    np.testing.assert_allclose(layer.get_alpha(), 0.7 * np.abs(expected))
    assert layer.get_extent() == display.axes_[0, 3].images[0].get_extent()
    assert len(display.axes_[1, 3].images) == 1  # a map of 0
    display.figure_.canvas.draw()


def test_equal_images_are_white(rare):
    display = TranslationDisplay.from_images(rare.pixels[:1], rare.pixels[:1])
    image = display.axes_[0, 2].images[0]
    assert min(image.cmap(image.norm(0.0))) > 0.95
    display.figure_.canvas.draw()


def test_figure_of_the_user(rare):
    figure = Figure(layout="constrained")
    display = TranslationDisplay.from_generator(
        Brighten(), rare.pixels[:1], figure=figure
    )
    assert display.figure_ is figure
    assert len(figure.get_axes()) == 4
    assert display.plot().figure_ is not figure


def test_titles_do_not_overlap():
    name = "bacterial pneumonia of the lower left lobe"
    X = np.eye(16)[None].repeat(2, 0)
    display = TranslationDisplay.from_images(X, 1 - X, maps=X, y=[name] * 2, label=name)
    figure = display.figure_
    figure.canvas.draw()
    bars = [ax for ax in figure.get_axes() if ax not in display.axes_]
    assert len(bars) == 2
    boxes = [ax.get_tightbbox() for ax in [*display.axes_.ravel(), *bars]]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.containsx(b.x0) and b.x1 <= figure.bbox.x1 for b in boxes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generated": np.zeros((2, 8, 7))}, r"8 × 8 pixels per source.*\(2, 8, 7\)"),
        ({"generated": np.zeros((1, 8, 8))}, r"per source.*\(1, 8, 8\)"),
        ({"sources": np.zeros((8, 8))}, r"sources must be .* got float64 of shape"),
        ({"sources": np.zeros((0, 8, 8))}, "sources must be"),
        ({"sources": np.full((2, 8, 8), "a")}, "sources must be"),
        ({"generated": np.full((2, 8, 8), np.nan)}, "generated has NaN"),
        ({"maps": np.ones((3, 4, 4))}, r"\(n, h, w\) for 2 images, got \(3, 4, 4\)"),
        ({"maps": np.ones((2, 3, 4, 4))}, r"\(n, h, w\) for 2 images"),
        ({"maps": np.full((2, 4, 4), np.nan)}, "maps have NaN"),
        ({"y": ["a"]}, "y has 1 labels"),
        (
            {"sources": np.zeros((21, 8, 8)), "generated": np.zeros((21, 8, 8))},
            "20 images at most, but there are 21",
        ),
    ],
)
def test_bad_arrays_are_refused(arguments, message):
    arrays = {"sources": np.zeros((2, 8, 8)), "generated": np.zeros((2, 8, 8))}
    with pytest.raises(ValueError, match=message):
        TranslationDisplay.from_images(**{**arrays, **arguments})
    assert not plt.get_fignums()


def test_bad_input_is_refused_before_the_work(rare):
    draw = TranslationDisplay.from_generator
    generator = Brighten(translate=None)
    with pytest.raises(ValueError, match="20 images at most, but there are 21"):
        draw(generator, ["absent.png"] * 21)
    with pytest.raises(ValueError, match="y has 18 labels"):
        draw(generator, rare.pixels[:2], y=rare.y)
    for wrong in (ElasticGenerator(), Brighten):
        with pytest.raises(TypeError, match="must be a fitted object with a method"):
            draw(wrong, rare.pixels[:2])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_cyclegan(fitted, radiographs, reverse):
    X = radiographs.images[:2]
    display = TranslationDisplay.from_generator(fitted, X, reverse=reverse)
    made = fitted.translate(X, reverse=reverse)
    np.testing.assert_allclose(display.changes_, made / 255 - X / 255, atol=1e-12)
    label = "normal" if reverse else "covid"
    assert titles(display)[1] == ["image 2", f"translated to {label}", "change"]
