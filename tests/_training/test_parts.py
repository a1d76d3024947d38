"""Loss, weights, validation split and row bookkeeping."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.utils.class_weight import compute_class_weight

from cxrclf._training.batches import Batches, Pixels, occurrence
from cxrclf._training.images import open_array
from cxrclf._training.weights import training_weights
from cxrclf._utils.splitting import joined, split_validation
from cxrclf.exceptions import PixelRangeWarning
from cxrclf.losses import WeightedCrossEntropy


def test_loss_is_the_weighted_mean_over_the_batch_as_in_keras():
    rng = np.random.default_rng(0)
    logits, codes = rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    weights = rng.random(6) * 3
    by_hand = -(weights * log_softmax(logits, axis=1)[np.arange(6), codes]).sum() / 6
    loss = WeightedCrossEntropy()(
        torch.from_numpy(logits), (torch.from_numpy(codes), torch.from_numpy(weights))
    )
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)


def test_class_weights_are_punn2020s_and_sample_weights_have_mean_one():
    y = np.array(["a", "a", "a", "b"])
    classes = np.array(["a", "b"])
    balanced = compute_class_weight("balanced", classes=classes, y=y)
    np.testing.assert_allclose(
        training_weights(y, classes, "balanced", None), balanced[[0, 0, 0, 1]]
    )
    # w(c) = C_c * sum(n) / (N * n_c), with C_a = 1 and C_b = 5
    by_hand = [1 * 4 / (2 * 3)] * 3 + [5 * 4 / (2 * 1)]
    np.testing.assert_allclose(training_weights(y, classes, {"b": 5}, None), by_hand)
    # n_c counts sample weights, whose mean is set to one.
    sample_weight = np.array([0, 2.0, 2, 4])
    by_hand = [0, 1 * 8 / (2 * 4), 1 * 8 / (2 * 4), 5 * 8 / (2 * 4) * 2]
    np.testing.assert_allclose(
        training_weights(y, classes, {"b": 5.0}, sample_weight), by_hand
    )
    np.testing.assert_allclose(training_weights(y, classes, None, None), np.ones(4))


def test_weighted_loss_of_a_batch_by_hand():
    rng = np.random.default_rng(1)
    y = np.repeat(["covid", "normal", "pneumonia"], [3, 12, 9])
    classes = np.unique(y)
    constants = {"covid": 2.0, "normal": 1.0, "pneumonia": 0.5}
    weights = training_weights(y, classes, constants, None)
    batch = np.array([0, 3, 4, 16, 23])
    logits = rng.normal(size=(5, 3))
    codes = np.searchsorted(classes, y[batch])
    by_hand = 0.0
    for row, code in enumerate(codes):
        n_c = [3, 12, 9][code]
        w = [2.0, 1.0, 0.5][code] * 24 / (3 * n_c)
        by_hand -= w * np.log(np.exp(logits[row, code]) / np.exp(logits[row]).sum()) / 5
    target = torch.from_numpy(codes), torch.from_numpy(weights[batch])
    loss = WeightedCrossEntropy()(torch.from_numpy(logits), target)
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)


def test_occurrence_counts_repeats_in_order():
    keys = np.array([7, 3, 7, 7, 3, 9], dtype=np.uint64)
    np.testing.assert_array_equal(occurrence(keys), [0, 0, 1, 2, 1, 0])


def test_validation_keeps_groups_together_and_classes_in_proportion():
    groups = np.repeat(np.arange(60), 3)
    codes = np.repeat(np.arange(60) % 3, 3)
    train, valid = split_validation(codes, groups, 0.2, seed=0)
    assert not set(groups[train]) & set(groups[valid])
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(180))
    np.testing.assert_array_equal(np.bincount(codes[valid]), [12, 12, 12])
    with pytest.raises(ValueError, match="validation_fraction=0.2 cannot be met"):
        split_validation(np.array([0, 1, 1]), np.arange(3), 0.2, seed=0)


class RowNumbers:
    """A data set whose input is the row's number."""

    seed, epoch, in_order, has_masks = 3, 0, False, False

    def __init__(self, n):
        self.codes, self.weights = np.zeros(n, int), np.ones(n)

    def __len__(self):
        return len(self.codes)

    def inputs(self, chosen):
        return chosen.tolist()


def batch_sizes(n, batch_size, shuffle):
    batches = Batches(
        RowNumbers(n), batch_size, torch.device("cpu"), torch.float32, shuffle
    )
    parts = [rows for rows, _ in batches]
    return [len(part) for part in parts], [row for part in parts for row in part]


def test_batches_cover_each_row_once_and_leave_no_single_one():
    sizes, rows = batch_sizes(33, 8, shuffle=True)
    assert sizes == [8, 8, 8, 9]
    assert sorted(rows) == list(range(33))
    assert rows != list(range(33))
    assert batch_sizes(33, 8, shuffle=True)[1] == rows
    assert batch_sizes(33, 8, shuffle=False) == ([8, 8, 8, 8, 1], list(range(33)))


def test_arrays_become_images():
    assert open_array(np.zeros((4, 12))).shape == (4, 1, 1, 12)
    assert open_array(np.zeros((4, 12)), (3, 4)).shape == (4, 3, 4)
    assert open_array(np.zeros((4, 12)), (2, 2, 3)).shape == (4, 2, 2, 3)
    with pytest.raises(ValueError, match="rows of 12 values"):
        open_array(np.zeros((4, 12)), (3, 5))
    with pytest.raises(ValueError, match="got 5 dimensions"):
        open_array(np.zeros((1, 2, 3, 4, 5)))
    with pytest.raises(ValueError, match=r"image_shape is \(3, 4\)"):
        open_array(np.zeros((2, 5, 5)), (3, 4))
    with pytest.warns(PixelRangeWarning, match="Divide 8-bit pixels by 255"):
        open_array(np.full((1, 4, 4), 200.0))
    with pytest.warns(PixelRangeWarning, match="as uint8"):
        open_array(np.full((1, 4, 4), 200, dtype=np.int64))


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32])
def test_eight_bits_in_a_wider_type_warn(dtype):
    with pytest.warns(PixelRangeWarning, match="as uint8"):
        open_array(np.full((1, 4, 4), 255, dtype=dtype))
    open_array(np.full((1, 4, 4), np.iinfo(dtype).max, dtype=dtype))  # no warning


@pytest.mark.parametrize("dtype", [">u2", ">f4", "<u2", "<f4"])
def test_pixels_of_any_byte_order(dtype):
    values = np.arange(16).reshape(1, 4, 4) / 16
    limit = 65535 if dtype.endswith("u2") else 1
    images = open_array((values * limit).astype(dtype))
    pixels = Pixels(images, (4, 4), torch.device("cpu"), torch.float64)
    np.testing.assert_allclose(pixels.batch([0])[0, 0], values[0], atol=1 / 65535)


def test_class_weights_that_cannot_be_had_are_refused():
    y, classes = np.array([0, 0, 1]), np.arange(3)
    for class_weight in ("balanced", {2: 3.0}):
        with pytest.raises(ValueError, match=r"y lacks \[2\]"):
            training_weights(y, classes, class_weight, None)
        with pytest.raises(ValueError, match=r"y lacks \[1, 2\]"):
            training_weights(y, classes, class_weight, np.array([1.0, 1, 0]))
    with pytest.raises(ValueError, match="must be non-negative"):
        training_weights(y, np.arange(2), "balanced", np.array([1.0, -1, 1]))
    classes = np.arange(2)
    with pytest.raises(ValueError, match=r"unknown classes \['c'\]"):
        training_weights(y, classes, {"c": 1.0}, None)
    with pytest.raises(ValueError, match="at least one weight above zero"):
        training_weights(y, classes, None, np.zeros(3))
    with pytest.raises(ValueError, match="0 for every sample"):
        training_weights(y, classes, {0: 0, 1: 0}, None)
    for weight in (np.nan, np.inf, -1):
        with pytest.raises(ValueError, match="finite weights"):
            training_weights(y, classes, {0: weight}, None)


def test_groups_with_a_missing_one_are_refused():
    groups = np.array(["a", None, "b", "c"], dtype=object)
    with pytest.raises(ValueError, match="none may be missing"):
        joined(groups, np.arange(4))


def test_patients_who_share_an_image_are_joined():
    groups = np.array(["a", "a", "b", "c", "d", "d"])
    keys = np.array([1, 2, 2, 3, 3, 4])
    labels = joined(groups, keys)
    assert (labels[:3] == labels[0]).all()
    assert (labels[3:] == labels[3]).all()
    assert labels[0] != labels[3]
