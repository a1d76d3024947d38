"""ElasticGenerator: smooth deformations of images of a class."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from cxrclf.generation import ElasticGenerator
from cxrclf.generation._elastic_generator import draw_field
from cxrclf.sampling import GenerativeOverSampler


def test_each_sample_is_a_deformed_image_of_its_class(radiographs):
    X, y = radiographs.images, radiographs.target
    generator = ElasticGenerator(0.05, 0.2).fit(X, y)
    made = generator.sample(3, "covid", 4)
    rows = generator.source_rows(3, "covid", 4)
    assert set(y[rows]) == {"covid"}
    for k in range(3):
        rng = np.random.default_rng([4, k])
        rng.choice(np.flatnonzero(y == "covid"))
        noise = rng.standard_normal((2, 48, 48))
        field = np.stack([gaussian_filter(part, 0.2 * 48) for part in noise])
        field *= (0.05 * 48 / abs(field).max((1, 2)))[:, None, None]
        places = np.indices((48, 48)) + field
        expected = map_coordinates(
            X[rows[k]].astype(float), places, order=1, mode="nearest"
        )
        np.testing.assert_array_equal(made[k], np.rint(expected))


def test_the_default_field_folds_nothing():
    for seed in range(20):
        field = draw_field((64, 48), 0.03, 0.1, np.random.default_rng(seed))
        assert abs(field).max() == pytest.approx(0.03 * 48)
        rows, columns = (np.gradient(part) for part in field)
        jacobian = (1 + rows[0]) * (1 + columns[1]) - rows[1] * columns[0]
        assert jacobian.min() > 0


def test_without_displacement_images_are_copies(radiographs):
    generator = ElasticGenerator(0.0).fit(radiographs.images, radiographs.target)
    rows = generator.source_rows(4, "normal", 0)
    np.testing.assert_array_equal(
        generator.sample(4, "normal", 0), radiographs.images[rows]
    )


def test_color_images_are_deformed_as_one():
    gray = np.random.default_rng(0).random((4, 24, 24)).astype(np.float32)
    color = np.repeat(gray[..., None], 3, axis=-1)
    made = [
        ElasticGenerator().fit(X, [0, 0, 1, 1]).sample(2, 1, 0) for X in (gray, color)
    ]
    assert made[1].dtype == np.float32
    for channel in range(3):
        np.testing.assert_array_equal(made[0], made[1][..., channel])


def test_the_sampler_records_the_sources(radiograph_files):
    X, y = radiograph_files.data[:25], radiograph_files.target[:25]
    sampler = GenerativeOverSampler(ElasticGenerator(image_size=32), random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert sampler.source_indices_.min() >= 0
    np.testing.assert_array_equal(
        np.asarray(y)[sampler.source_indices_], np.asarray(y_new)[25:]
    )


def test_flat_rows_are_refused(radiographs):
    with pytest.raises(ValueError, match="flat rows"):
        ElasticGenerator().fit(np.zeros((4, 64)), [0, 0, 1, 1])
