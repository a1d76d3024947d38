"""Augmentation against scipy.ndimage and a plain transcription of Keras 2."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.base import clone

from cxrclf import Augmentation
from cxrclf._utils.keyed_random import keyed_state, keyed_uniforms
from tolerances import assert_same_predictions


def keras_matrix(draws, augmentation, height, width):
    """Return keras_preprocessing's matrix, written out one factor after the other."""
    signed = 2 * draws - 1
    theta = np.deg2rad(augmentation.rotation * signed[0])
    shear = np.deg2rad(augmentation.shear * signed[1])
    tx = augmentation.shift * signed[2] * height
    ty = augmentation.shift * signed[3] * width
    zx, zy = 1 - augmentation.zoom + 2 * augmentation.zoom * draws[4:6]
    rotation = np.array(
        [
            [np.cos(theta), -np.sin(theta), 0],
            [np.sin(theta), np.cos(theta), 0],
            [0, 0, 1],
        ]
    )
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    skew = np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    zoom = np.array([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    matrix = rotation @ shift @ skew @ zoom
    centre = np.array([[1, 0, (height - 1) / 2], [0, 1, (width - 1) / 2], [0, 0, 1]])
    return centre @ matrix @ np.linalg.inv(centre)


def keras_view(image, draws, augmentation):
    matrix = keras_matrix(draws, augmentation, *image.shape)
    view = ndimage.affine_transform(
        image,
        matrix[:2, :2],
        matrix[:2, 2],
        order=1,
        mode=augmentation.fill_mode,
        cval=augmentation.fill_value,
    )
    if augmentation.vertical_flip and draws[8] < 0.5:
        view = view[::-1]
    if augmentation.horizontal_flip and draws[9] < 0.5:
        view = view[:, ::-1]
    return view


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("shape", [(24, 24), (17, 30)])
def test_views_equal_scipy_with_keras_matrices(fill_mode, shape):
    rng = np.random.default_rng(0)
    images = ndimage.gaussian_filter(rng.random((8, *shape)), (0, 2, 2))
    augmentation = Augmentation(
        rotation=40,
        shift=0.2,
        shear=20,
        zoom=0.3,
        horizontal_flip=True,
        vertical_flip=True,
        fill_mode=fill_mode,
        fill_value=0.25,
    )
    state = keyed_state(7, np.arange(8), 0, 3)
    views = augmentation.apply(torch.from_numpy(images)[:, None], state)[:, 0].numpy()
    draws = keyed_uniforms(state, 10)
    for view, image, draw in zip(views, images, draws, strict=True):
        expected = keras_view(image, draw, augmentation)
        if fill_mode in ("constant", "wrap"):
            # Both jump at the rim, where "inside" is a matter of rounding and of our
            # tolerance of 0.001 pixels: allow a few such pixels.
            assert np.mean(~np.isclose(view, expected, atol=1e-9)) < 0.01
        else:
            np.testing.assert_allclose(view, expected, atol=1e-9)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_no_change_is_exact_at_the_rim(fill_mode):
    images = torch.rand(2, 1, 32, 48, generator=torch.Generator().manual_seed(0))
    augmentation = Augmentation(
        rotation=1e-12, fill_mode=fill_mode, fill_value=1.0
    ).check_params()
    views = augmentation.apply(images, keyed_state(0, [1, 2]))
    # float32 coordinates are off by up to 1e-5 of a pixel.
    torch.testing.assert_close(views, images, atol=1e-4, rtol=0)


def test_flips_alone_are_exact_and_take_half_of_the_views():
    images = torch.arange(12.0).reshape(1, 1, 3, 4).expand(400, 1, 3, 4) / 12
    state = keyed_state(0, np.arange(400))
    views = Augmentation(horizontal_flip=True).apply(images, state)
    flipped = torch.isclose(views, images.flip(-1), atol=1e-6).all((1, 2, 3))
    same = torch.isclose(views, images, atol=1e-6).all((1, 2, 3))
    assert bool((flipped ^ same).all())
    assert 160 < int(flipped.sum()) < 240  # 4 standard deviations of Binomial(400, .5)


def test_crop_is_a_window_scaled_to_the_full_size():
    image = np.linspace(0, 1, 40)[None, None, :, None] * np.ones((1, 1, 40, 40))
    state = keyed_state(3, [11])
    view = Augmentation(crop=0.5).apply(torch.from_numpy(image), state).numpy()[0, 0]
    slope = np.diff(view[:, 0])
    # Half of the rows over the full height: half of the slope, and inside the image.
    np.testing.assert_allclose(slope[1:-1], 0.5 / 39, atol=1e-9)
    offset = 40 * 0.5 / 2 * (2 * keyed_uniforms(state, 10)[0, 6] - 1)
    np.testing.assert_allclose(view[:, 0].mean(), 0.5 + offset / 39, atol=1e-6)


def test_noise_has_its_standard_deviation_and_stays_in_range():
    grey = torch.full((4, 1, 64, 64), 0.5)
    noise = Augmentation(noise=0.05).apply(grey, keyed_state(0, np.arange(4))) - 0.5
    assert abs(float(noise.mean())) < 0.05 * 4 / 128  # 4 standard errors
    assert float(noise.std()) == pytest.approx(0.05, rel=0.03)
    strong = Augmentation(noise=3.0).apply(grey, keyed_state(0, np.arange(4)))
    assert float(strong.min()) == 0
    assert float(strong.max()) == 1


def test_a_view_depends_on_sample_repeat_epoch_and_seed_alone():
    images = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    augmentation = Augmentation(rotation=30, noise=0.1)

    def view(rows, seed=0, repeat=0, epoch=0):
        state = keyed_state(seed, np.array([5, 6, 7])[rows], repeat, epoch)
        return augmentation.apply(images[rows], state)

    alone, together = view([1])[0], view([0, 1, 2])[1]
    # But for the rounding of sines at another position of an array.
    assert_same_predictions(together, alone, "float32")
    for other in ({"seed": 1}, {"repeat": 1}, {"epoch": 1}):
        assert not torch.allclose(view([1], **other)[0], alone, atol=1e-3)


def test_keyed_numbers_are_uniform_and_independent():
    draws = keyed_uniforms(keyed_state(0, np.arange(20_000)), 4)
    counts = np.histogram(draws[:, 0], bins=20, range=(0, 1))[0]
    # Chi-squared with 19 degrees of freedom: 43.8 is its 0.999 quantile.
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8
    correlation = np.corrcoef(draws.T) - np.eye(4)
    assert abs(correlation).max() < 4 / np.sqrt(20_000)


def test_views_of_arrays_keep_shape_and_do_not_touch_the_global_generators():
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (2, 20, 24, 3), dtype=np.uint8)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    views = Augmentation(rotation=10, noise=0.1).views(colour, random_state=1)
    assert views.shape == colour.shape
    assert 0 <= views.min() <= views.max() <= 1
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_equal(np.random.get_state(), numpy_state)  # noqa: NPY002
    unchanged = Augmentation().views(colour)
    np.testing.assert_allclose(unchanged, colour / 255, atol=1e-7)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rotation": -5}, "'rotation' parameter"),
        ({"shift": 1.5}, "'shift' parameter"),
        ({"shift": (0.1, -0.1)}, "'shift' parameter"),
        ({"shift": (0.1, 0.1, 0.1)}, "pair of numbers"),
        ({"shear": 90}, "'shear' parameter"),
        ({"zoom": (1.2, 0.8)}, "low <= high"),
        ({"zoom": (0, 1)}, "0 < low"),
        ({"crop": 1.0}, "'crop' parameter"),
        ({"fill_mode": "edge"}, "'fill_mode' parameter"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**parameters).check_params()


def test_parameters_can_be_cloned_and_set():
    augmentation = clone(Augmentation(zoom=(0.9, 1.2))).set_params(rotation=10)
    assert augmentation.get_params()["zoom"] == (0.9, 1.2)
    assert augmentation.check_params().rotation == 10


def test_views_of_arrays_as_they_come():
    images = np.random.default_rng(0).integers(0, 65536, (2, 8, 8), dtype=np.uint16)
    augmentation = Augmentation(rotation=10)
    expected = augmentation.views(images)
    read_only = images.copy()
    read_only.setflags(write=False)
    for same in (read_only, images[:, ::-1][:, ::-1], images.astype(">u2")):
        np.testing.assert_array_equal(augmentation.views(same), expected)
    mirrored = images[:, ::-1]
    np.testing.assert_array_equal(
        augmentation.views(mirrored), augmentation.views(mirrored.copy())
    )
    for shape in ((8, 8), (0, 8, 8)):
        with pytest.raises(ValueError, match="with at least one image"):
            augmentation.views(np.zeros(shape, dtype=np.uint8))


def test_an_endless_zoom_is_refused():
    with pytest.raises(ValueError, match="both finite"):
        Augmentation(zoom=(0.5, np.inf)).check_params()


# Masks


def boxes(n=8, shape=(24, 30), n_classes=4):
    """Return masks of boxes of several classes, as floats, (n, 1, H, W)."""
    rng = np.random.default_rng(1)
    masks = np.zeros((n, 1, *shape))
    for mask in masks[:, 0]:
        for code in range(1, n_classes):
            top, left = rng.integers(0, np.array(shape) - 8)
            mask[top : top + 8, left : left + 8] = code
    return masks


MOVES = [
    {"rotation": 30},
    {"shift": 0.2},
    {"shear": 25},
    {"zoom": 0.3},
    {"crop": 0.4},
    {"rotation": 20, "shift": 0.1, "shear": 10, "zoom": 0.2, "crop": 0.1,
     "horizontal_flip": True, "vertical_flip": True},
]  # fmt: skip


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect"])
@pytest.mark.parametrize("moves", MOVES, ids=lambda moves: "+".join(moves))
def test_masks_are_taken_by_nearest_neighbour_as_scipy_does(moves, fill_mode):
    masks = boxes()
    augmentation = Augmentation(**moves, fill_mode=fill_mode, fill_value=1.0)
    state = keyed_state(5, np.arange(len(masks)), 0, 2)
    moved = augmentation.apply_to_masks(torch.from_numpy(masks), state).numpy()
    centre = (np.array(masks.shape[2:]) - 1) / 2
    matrices = augmentation.matrices(state, *masks.shape[2:])
    differ = 0
    for view, mask, matrix in zip(moved[:, 0], masks[:, 0], matrices, strict=True):
        offset = matrix[:, 2] + centre - matrix[:, :2] @ centre
        expected = ndimage.affine_transform(
            mask, matrix[:, :2], offset, order=0, mode=fill_mode, cval=0.0
        )
        differ += (view != expected).sum()
    assert (moved != masks).any()
    # Where a coordinate lies midway between two pixels to 1e-12, or on the rim to
    # our tolerance of 0.001 pixels, rounding decides; random moves have hardly any.
    assert differ <= 1e-3 * masks.size


@pytest.mark.parametrize("flip", ["horizontal_flip", "vertical_flip"])
@pytest.mark.parametrize("shape", [(24, 30), (17, 31), (1, 5)])
def test_flips_of_masks_are_exact(flip, shape):
    masks = torch.arange(float(np.prod(shape))).reshape(1, 1, *shape)
    masks = masks.expand(64, 1, *shape)
    state = keyed_state(0, np.arange(64))
    moved = Augmentation(**{flip: True}).apply_to_masks(masks, state)
    draws = keyed_uniforms(state, 10)[:, 9 if flip == "horizontal_flip" else 8]
    assert 10 < (draws < 0.5).sum() < 54
    axis = -1 if flip == "horizontal_flip" else -2
    for view, mask, draw in zip(moved, masks, draws, strict=True):
        expected = mask.flip(axis) if draw < 0.5 else mask
        np.testing.assert_array_equal(view, expected)


class WholeShift(Augmentation):
    """Moves by a number of pixels."""

    def matrices(self, state, height, width):
        steps = np.column_stack([np.arange(len(state)) - 4, 3 - np.arange(len(state))])
        eye = np.tile(np.eye(2), (len(state), 1, 1))
        return np.concatenate([eye, steps[:, :, None]], axis=2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shifts_of_masks_by_whole_pixels_are_exact(dtype):
    masks = np.random.default_rng(0).integers(1, 256, (8, 1, 21, 33))
    moves = WholeShift(shift=0.1, fill_mode="constant", fill_value=1.0)
    moved = moves.apply_to_masks(torch.from_numpy(masks).to(dtype), np.arange(8))
    for k, (view, mask) in enumerate(zip(moved[:, 0], masks[:, 0], strict=True)):
        expected = ndimage.shift(mask, (4 - k, k - 3), order=0, cval=0)
        np.testing.assert_array_equal(view, expected)


@pytest.mark.parametrize("n_classes", [2, 256])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_no_classes_appear_between_others(fill_mode, n_classes):
    rng = np.random.default_rng(0)
    there = rng.choice(n_classes, 2, replace=False) if n_classes > 2 else [0, 1]
    masks = torch.from_numpy(rng.choice(there, (16, 1, 20, 20)).astype(np.float32))
    augmentation = Augmentation(**MOVES[-1], fill_mode=fill_mode)
    moved = augmentation.apply_to_masks(masks, keyed_state(0, np.arange(16)))
    allowed = {*there, 0} if fill_mode == "constant" else {*there}
    assert set(np.unique(moved).astype(int)) <= allowed


def test_what_comes_from_outside_is_background_of_a_mask():
    full = torch.ones(4, 1, 32, 32)
    state = keyed_state(0, np.arange(4))
    moves = {"zoom": (1.5, 1.5), "fill_mode": "constant", "fill_value": 0.7}
    images = Augmentation(**moves).apply(full, state)
    masks = Augmentation(**moves).apply_to_masks(full, state)
    assert images[0, 0, 0, 0] == pytest.approx(0.7)
    np.testing.assert_array_equal(masks == 0, images < 1)
    assert (masks == 0).float().mean() > 0.4
    assert (Augmentation(zoom=(1.5, 1.5)).apply_to_masks(full, state) == 1).all()


def test_noise_leaves_masks_alone():
    masks = torch.from_numpy(boxes())
    state = keyed_state(0, np.arange(len(masks)))
    noisy = Augmentation(noise=0.3)
    assert (noisy.apply(masks / 3, state) != masks / 3).any()
    np.testing.assert_array_equal(noisy.apply_to_masks(masks, state), masks)
    both = Augmentation(noise=0.3, rotation=20).apply_to_masks(masks, state)
    alone = Augmentation(rotation=20).apply_to_masks(masks, state)
    np.testing.assert_array_equal(both, alone)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_masks_move_with_their_images(fill_mode):
    # A mask that is a threshold of its smooth image stays one, but at its rim.
    rng = np.random.default_rng(0)
    images = ndimage.gaussian_filter(rng.random((12, 1, 48, 64)), (0, 0, 7, 7))
    images = (images - images.min()) / np.ptp(images)
    threshold = 0.45
    augmentation = Augmentation(**MOVES[-1], fill_mode=fill_mode)
    state = keyed_state(1, np.arange(12))
    views = augmentation.apply(torch.from_numpy(images), state).numpy()
    masks = torch.from_numpy((images > threshold).astype(float))
    moved = augmentation.apply_to_masks(masks, state).numpy()
    # Nearest and bilinear take values from half a pixel apart, in rows and columns.
    steepest = max(np.abs(np.diff(images, axis=a)).max() for a in (2, 3))
    clear = np.abs(views - threshold) > steepest
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(moved[clear], (views > threshold)[clear])
    unmoved = (masks.numpy() != (views > threshold))[clear].mean()
    assert unmoved > 0.1  # so that the comparison says something
