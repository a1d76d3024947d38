"""AugmentedOverSampler against RandomOverSampler and scipy.ndimage."""

import os
import pickle
import random

import numpy as np
import pytest
import torch
from imblearn.over_sampling import RandomOverSampler
from scipy import ndimage

from cxrclf._utils.keyed_random import keyed_state, keyed_uniforms
from cxrclf.augmentation import AugmentedPath
from cxrclf.images import ImageReader, content_key
from cxrclf.sampling import AugmentedOverSampler


def moved(image, draws, sampler):
    """Return the copy as scipy makes it, with the matrices written out."""
    signed = 2 * draws - 1
    height, width = image.shape[:2]
    angle = np.deg2rad(sampler.rotation * signed[0])
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    displace = sampler.shift * signed[2:4] * (height, width)
    scale = np.diag(1 - sampler.zoom + 2 * sampler.zoom * draws[4:6])
    centre = (np.array([height, width]) - 1) / 2
    matrix = rotate @ scale
    offset = centre + rotate @ displace - matrix @ centre
    channels = image if image.ndim == 3 else image[..., None]
    channels = [
        ndimage.affine_transform(
            channels[..., k].astype(float), matrix, offset, order=1, mode="nearest"
        )
        for k in range(channels.shape[-1])
    ]
    return np.stack(channels, -1).reshape(image.shape)


def expected_copies(images, sampler, random_state):
    """Return the copies that a fitted sampler should have made, one by one."""
    seed = np.random.RandomState(random_state).randint(2**31 - 1)
    copies, made = [], {}
    for row in sampler.sample_indices_[len(images) :]:
        number = made.get(row, 0)
        made[row] = number + 1
        state = keyed_state(seed, content_key(images[row]), number)
        copies.append(moved(images[row], keyed_uniforms(state, 10)[0], sampler))
    return np.array(copies)


@pytest.mark.parametrize("shape", [(24, 20), (24, 20, 3)])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # Integers are rounded, here and there from the other side of a half.
    [("float64", 1e-9), ("float32", 1e-5), ("uint8", 0.5 + 1e-3), ("uint16", 0.51)],
)
def test_added_images_are_scipys_and_the_rest_is_untouched(
    few_images, shape, dtype, tolerance
):
    images, y = few_images
    images = images / 255
    if len(shape) == 3:
        images = np.stack([images, images[:, ::-1], images[:, :, ::-1]], -1)
    kind = np.dtype(dtype).kind
    top = np.iinfo(dtype).max if kind == "u" else 1
    images = (np.rint(images * top) if kind == "u" else images).astype(dtype)
    sampler = AugmentedOverSampler(rotation=25, zoom=0.2, shift=0.1, random_state=3)
    X, y_new = sampler.fit_resample(images, y)
    assert X.dtype == images.dtype
    np.testing.assert_array_equal(X[:21], images)
    np.testing.assert_array_equal(y_new[:21], y)
    assert len(X) == len(y_new) == 36
    expected = expected_copies(images, sampler, 3)
    np.testing.assert_allclose(X[21:], expected, atol=tolerance, rtol=0)
    # Far from a mere repeat.
    assert np.abs(X[21:] - images[sampler.sample_indices_[21:]] * 1.0).mean() > (
        0.01 * top
    )


def test_rows_are_drawn_as_by_random_over_sampler(few_images, few_files):
    for random_state in (0, 1):
        for X, y in (few_images, few_files):
            reference = RandomOverSampler(random_state=random_state)
            _, y_expected = reference.fit_resample(np.arange(len(y))[:, None], y)
            sampler = AugmentedOverSampler(random_state=random_state)
            X_new, y_new = sampler.fit_resample(X, y)
            np.testing.assert_array_equal(y_new, y_expected)
            np.testing.assert_array_equal(
                sampler.sample_indices_, reference.sample_indices_
            )
            assert sampler.sampling_strategy_ == reference.sampling_strategy_
            if X.dtype == object:
                assert list(map(os.fspath, X_new)) == list(X[sampler.sample_indices_])


def test_flat_rows_with_image_shape_are_images(few_images):
    images, y = few_images
    flat = images.reshape(21, -1)
    sampler = AugmentedOverSampler(image_shape=(24, 20), random_state=0)
    X, _ = sampler.fit_resample(flat, y)
    expected, _ = AugmentedOverSampler(random_state=0).fit_resample(images, y)
    np.testing.assert_array_equal(X, expected.reshape(36, -1))


@pytest.mark.parametrize("fill_mode", ["nearest", "constant"])
def test_flat_rows_without_image_shape_are_repeated_exactly(few_images, fill_mode):
    flat = few_images[0].reshape(21, -1)
    sampler = AugmentedOverSampler(fill_mode=fill_mode, random_state=0)
    X, _ = sampler.fit_resample(flat, few_images[1])
    np.testing.assert_array_equal(X, flat[sampler.sample_indices_])


def test_fill_value_is_a_fraction_of_the_largest_pixel(few_images):
    images, y = few_images
    grey = np.full_like(images, 10)
    sampler = AugmentedOverSampler(
        rotation=45, fill_mode="constant", fill_value=0.8, random_state=0
    )
    X, _ = sampler.fit_resample(grey, y)
    assert set(np.unique(X[21:])) == {10, 204}


def test_copies_of_paths_open_no_file_and_say_what_to_draw():
    X = np.array([["a.png"], ["b.png"], ["missing.dcm"]])
    sampler = AugmentedOverSampler(zoom=(0.5, 0.9), sampling_strategy={1: 4, 0: 3})
    X_new, _ = sampler.set_params(random_state=5).fit_resample(X, [0, 0, 1])
    assert X_new.shape == (7, 1)
    assert X_new[:3, 0].tolist() == ["a.png", "b.png", "missing.dcm"]
    copies = X_new[3:, 0].tolist()
    assert all(type(copy) is AugmentedPath for copy in copies)
    assert [(copy.path, copy.copy) for copy in copies[1:]] == [
        ("missing.dcm", number) for number in range(3)
    ]
    # One object for all, which a pickle keeps.
    assert len({id(copy.augmentation) for copy in copies}) == 1
    assert copies[0].augmentation.zoom == (0.5, 0.9)
    assert {copy.seed for copy in copies} == {
        np.random.RandomState(5).randint(2**31 - 1)
    }


def test_a_copied_file_becomes_the_pixels_of_a_copied_array(few_images, few_files):
    images, y = few_images
    from_files, _ = AugmentedOverSampler(random_state=2).fit_resample(few_files[0], y)
    from_array, _ = AugmentedOverSampler(random_state=2).fit_resample(images, y)
    decoded = ImageReader((24, 20)).fit_transform(from_files)
    for copy, image, expected in zip(
        from_files[21:], decoded[21:], from_array[21:], strict=True
    ):
        pixels = torch.from_numpy(image / 255)[None, None]
        state = keyed_state(copy.seed, content_key(image), copy.copy)
        view = copy.augmentation.apply(pixels, state)[0, 0].numpy()
        np.testing.assert_allclose(255 * view, expected, atol=0.51)


def test_a_copy_does_not_depend_on_the_place_of_its_image(few_images):
    images, y = few_images
    order = np.random.default_rng(1).permutation(21)

    def copies(X, labels):
        sampler = AugmentedOverSampler(random_state=0)
        X_new, _ = sampler.fit_resample(X, labels)
        made = {}
        for row, image in zip(sampler.sample_indices_[21:], X_new[21:], strict=True):
            made.setdefault(content_key(X[row]), []).append(image)
        return made

    one, other = copies(images, y), copies(images[order], y[order])
    shared = one.keys() & other.keys()
    assert len(shared) >= 3
    for key in shared:
        for first, second in zip(one[key], other[key], strict=False):
            np.testing.assert_array_equal(first, second)
    several = [made for made in one.values() if len(made) > 1]
    assert several
    assert not np.array_equal(several[0][0], several[0][1])


def test_copies_of_copies_are_further_copies_of_the_file():
    first = AugmentedOverSampler(sampling_strategy={"b": 3}, random_state=0)
    X, y = first.fit_resample(["a1", "a2", "a3", "a4", "b"], [*"aaaab"])
    second = AugmentedOverSampler(sampling_strategy={"b": 6}, random_state=0)
    X, y = second.fit_resample(X, y)
    copies = X[5:]
    assert [copy.path for copy in copies] == ["b"] * 5
    assert [copy.copy for copy in copies] == [0, 1, 2, 3, 4]


def test_random_state_decides_everything_and_global_generators_stay(few_images):
    def images(random_state):
        return AugmentedOverSampler(random_state=random_state).fit_resample(
            *few_images
        )[0]

    before = (
        np.random.get_state()[1].copy(),  # noqa: NPY002
        random.getstate(),
        torch.get_rng_state(),
    )
    np.testing.assert_array_equal(images(0), images(0))
    assert not np.array_equal(images(0), images(1))
    assert not np.array_equal(images(None), images(None))
    state = np.random.RandomState(0)
    assert not np.array_equal(images(state), images(state))
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_results_survive_pickling(few_files):
    X, _ = AugmentedOverSampler(rotation=7, random_state=0).fit_resample(*few_files)
    again = pickle.loads(pickle.dumps(X))
    assert list(map(os.fspath, again)) == list(map(os.fspath, X))
    for one, other in zip(X[21:], again[21:], strict=True):
        assert (one.seed, one.copy) == (other.seed, other.copy)
        assert one.augmentation.get_params() == other.augmentation.get_params()
    assert len({id(copy.augmentation) for copy in again[21:]}) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rotation": -1}, "'rotation' parameter of AugmentedOverSampler"),
        ({"zoom": 1.0}, "'zoom' parameter of AugmentedOverSampler"),
        ({"zoom": (1.2, 0.8)}, "0 < low <= high"),
        ({"shift": (0.1, 2)}, "from 0 to 1"),
        ({"fill_mode": "edge"}, "'fill_mode' parameter of AugmentedOverSampler"),
        ({"image_shape": (24, 24)}, "Leave image_shape=None"),
        ({"image_shape": (24, 0)}, "image_shape must be"),
        ({"sampling_strategy": "majority"}, "'sampling_strategy' parameter"),
    ],
)
def test_bad_parameters(few_images, parameters, message):
    with pytest.raises(ValueError, match=message):
        AugmentedOverSampler(**parameters).fit_resample(*few_images)


def test_rows_that_do_not_fit_image_shape(few_images):
    flat = few_images[0].reshape(21, -1)
    with pytest.raises(ValueError, match="rows of 480 values"):
        AugmentedOverSampler(image_shape=(24, 24)).fit_resample(flat, few_images[1])
