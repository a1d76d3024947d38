"""ElasticGenerator: fields of displacements, and the images they give."""

import numpy as np
import pytest
from PIL import Image
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from cxrclf.generation import ElasticGenerator
from cxrclf.sampling import GenerativeOverSampler
from rare_images import make_rare


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    return make_rare(tmp_path_factory.mktemp("rare"))


def jacobians(field):
    """Return the determinant of the Jacobian of positions + field, at each pixel."""
    (yy, yx), (xy, xx) = np.gradient(field[0]), np.gradient(field[1])
    return (1 + yy) * (1 + xx) - yx * xy


@pytest.mark.parametrize("shape", [(24, 20), (21, 33)])
def test_field_is_smoothed_noise_of_the_largest_displacement(shape):
    generator = ElasticGenerator(displacement=0.05, smoothness=0.08)
    field = generator._draw_field(shape, np.random.default_rng(7))
    noise = np.random.default_rng(7).standard_normal((2, *shape))
    sigma = 0.08 * min(shape)
    smooth = [gaussian_filter(part, sigma, mode="wrap", truncate=9) for part in noise]
    expected = [0.05 * min(shape) * part / np.abs(part).max() for part in smooth]
    # The filter works on waves here, and on pixels there.
    np.testing.assert_allclose(field, expected, atol=2e-4 * min(shape))


def test_displacements_are_equal_everywhere():
    generator, rng = ElasticGenerator(), np.random.default_rng(0)
    fields = np.array([generator._draw_field((32, 32), rng) for _ in range(200)])
    sizes = fields.std(axis=(0, 1))
    assert sizes.max() < 1.25 * sizes.min()


@pytest.mark.parametrize("parameters", [{}, {"displacement": 0.06, "smoothness": 0.09}])
def test_no_deformation_folds(parameters):
    generator, rng = ElasticGenerator(**parameters), np.random.default_rng(0)
    fields = [generator._draw_field((64, 48), rng) for _ in range(200)]
    assert min(jacobians(field).min() for field in fields) > 0.05


def test_a_rough_field_folds():  # the measure above finds it
    generator = ElasticGenerator(displacement=0.06, smoothness=0.03)
    field = generator._draw_field((64, 48), np.random.default_rng(0))
    assert jacobians(field).min() < 0


@pytest.mark.parametrize("channels", [(), (3,)])
def test_images_are_interpolated_linearly(rare, monkeypatch, channels):
    source = np.random.default_rng(1).random((24, 20, *channels))
    field = np.random.default_rng(2).uniform(-3, 3, (2, 24, 20))
    monkeypatch.setattr(ElasticGenerator, "_draw_field", lambda *_: field)
    X = np.stack([source, 1 - source])
    image = ElasticGenerator().fit(X, [0, 1]).sample(1, 0, 0)[0]
    grid = np.arange(24), np.arange(20)
    places = np.moveaxis(np.indices((24, 20)) + field, 0, -1).clip(0, [23, 19])
    expected = RegularGridInterpolator(grid, source)(places)
    np.testing.assert_allclose(image, expected, atol=1e-12)


def test_sources(rare):
    generator = ElasticGenerator(displacement=0).fit(rare.pixels, rare.y)
    rows = generator.source_rows(30, "covid", 5)
    np.testing.assert_array_equal(generator.sample(30, "covid", 5), rare.pixels[rows])
    assert set(rows) == set(np.flatnonzero(rare.y == "covid"))


def test_one_image_is_enough(rare):
    X, y = rare.pixels[:4], ["covid", "normal", "normal", "normal"]
    sampler = GenerativeOverSampler(ElasticGenerator(), random_state=0)
    X_new, _ = sampler.fit_resample(X, y)
    new = X_new[4:].astype(float)
    assert len(np.unique(new, axis=0)) == 2
    for image in new:
        nearest = np.abs(rare.pixels - image).mean((1, 2)).argmin()
        assert nearest == 0


def test_flat_rows_are_refused(rare):
    with pytest.raises(ValueError, match=r"flat rows, of shape \(18, 480\)"):
        ElasticGenerator().fit(rare.pixels.reshape(18, -1), rare.y)


@pytest.mark.parametrize(
    "parameters",
    [{"displacement": -0.1}, {"displacement": 0.6}, {"smoothness": 0}],
)
def test_bad_parameters(rare, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        ElasticGenerator(**parameters).fit(rare.pixels, rare.y)


def test_the_sampler_records_the_sources(rare):
    sampler = GenerativeOverSampler(ElasticGenerator(displacement=0), random_state=0)
    X, _ = sampler.fit_resample(rare.pixels, rare.y)
    np.testing.assert_array_equal(X[18:], rare.pixels[sampler.source_indices_])


def test_files_of_8_and_16_bits_have_one_scale(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 32, 32), dtype=np.uint8)
    paths = [tmp_path / f"{k}.png" for k in range(6)]
    for k, (path, image) in enumerate(zip(paths, images, strict=True)):
        Image.fromarray(image.astype(np.uint16) * 257 if k % 2 else image).save(path)
    generator = ElasticGenerator(0.0, image_size=32).fit(paths, [0, 0, 0, 1, 1, 1])
    made = generator.sample(30, 0, random_state=0)
    rows = generator.source_rows(30, 0, random_state=0)
    assert set(rows) == {0, 1, 2}
    np.testing.assert_array_equal(made, images[rows].astype(np.uint16) * 257)
