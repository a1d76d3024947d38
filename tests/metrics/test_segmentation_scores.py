from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist, directed_hausdorff
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
)

from cxrclf.metrics import segmentation_scores

NAMES = [
    "dice", "iou", "accuracy", "sensitivity", "specificity", "precision",
    "hausdorff", "hausdorff_95", "surface_distance",
]  # fmt: skip


def boxes(shape, *corners):
    """Return one mask a box ((top, bottom), (left, right))."""
    masks = np.zeros((len(corners), *shape), dtype=bool)
    for mask, (rows, columns) in zip(masks, corners, strict=True):
        mask[slice(*rows), slice(*columns)] = True
    return masks


@pytest.fixture(scope="module")
def blobs():
    """Return true and predicted masks: blurred noise, scattered pixels, a full one."""
    rng = np.random.default_rng(0)
    true = rng.random((8, 19, 14)) < np.linspace(0.05, 0.9, 8)[:, None, None]
    predicted = rng.random(true.shape) < 0.3
    predicted[:4] |= true[:4] & (rng.random(true[:4].shape) < 0.7)
    predicted[5] = True
    return true, predicted


@pytest.fixture(scope="module")
def class_maps():
    rng = np.random.default_rng(1)
    true = rng.integers(3, size=(5, 12, 15), dtype=np.uint8)
    predicted = np.where(rng.random(true.shape) < 0.6, true, rng.integers(3, size=1))
    return true, predicted.astype(np.uint8)


def brute_force_distances(true, predicted, spacing):
    """Simple implementation of the distances between the surfaces of two masks."""
    one, other = (
        np.argwhere(mask ^ binary_erosion(mask)) * spacing for mask in (true, predicted)
    )
    between = cdist(one, other)
    there, back = between.min(axis=1), between.min(axis=0)
    assert there.max() == directed_hausdorff(one, other)[0]
    return (
        max(there.max(), back.max()),
        max(np.quantile(there, 0.95), np.quantile(back, 0.95)),
        (there.sum() + back.sum()) / (len(there) + len(back)),
    )


@pytest.mark.parametrize("spacing", [1.0, 0.143, (2.0, 0.5)])
def test_distances_are_those_of_brute_force(blobs, spacing):
    scores = segmentation_scores(*blobs, spacing=spacing)
    expected = [
        brute_force_distances(*pair, spacing) for pair in zip(*blobs, strict=True)
    ]
    for name, values in zip(NAMES[6:], np.transpose(expected), strict=True):
        assert_allclose(scores[name], values, rtol=1e-12, err_msg=name)


def test_distances_of_lung_masks_are_those_of_brute_force():
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "lungs" / "masks"
    if not folder.is_dir():
        pytest.skip("real lung masks (../shared/data/lungs) are not here")
    masks = np.stack(
        [
            np.asarray(Image.open(path).convert("L").resize((256, 256), 0)) > 127
            for path in sorted(folder.iterdir())[:6]
        ]
    )
    true, predicted = masks, np.roll(masks, 1, axis=0)
    scores = segmentation_scores(true, predicted)
    expected = [
        brute_force_distances(*pair, 1.0) for pair in zip(true, predicted, strict=True)
    ]
    for name, values in zip(NAMES[6:], np.transpose(expected), strict=True):
        assert_allclose(scores[name], values, rtol=1e-12, err_msg=name)


def test_overlap_is_that_of_scikit_learn(blobs):
    scores = segmentation_scores(*blobs, distances=False)
    pairs = [
        (true.ravel(), predicted.ravel())
        for true, predicted in zip(*blobs, strict=True)
    ]
    for name, score in [
        ("dice", f1_score),
        ("iou", jaccard_score),
        ("accuracy", accuracy_score),
        ("sensitivity", recall_score),
        ("specificity", lambda t, p: recall_score(t, p, pos_label=False)),
        ("precision", precision_score),
    ]:
        expected = [score(*pair) for pair in pairs]
        assert_allclose(scores[name], expected, rtol=1e-12, err_msg=name)


def test_a_box_moved_by_three_and_four():
    true = boxes((30, 30), ((5, 15), (5, 15)))
    predicted = boxes((30, 30), ((8, 18), (9, 19)))
    scores = {name: v[0] for name, v in segmentation_scores(true, predicted).items()}
    assert list(scores) == NAMES
    assert scores["dice"] == 2 * 42 / 200
    assert scores["iou"] == 42 / 158
    assert scores["accuracy"] == (900 - 116) / 900
    assert scores["sensitivity"] == scores["precision"] == 0.42
    assert scores["specificity"] == 742 / 800
    assert scores["hausdorff"] == 5.0  # from corner to corner


def test_surface_is_where_a_side_touches_the_outside():
    # A plus sign touches the inner corner of the frame only at a corner of its own:
    # with eight neighbours its centre would be on the surface, and the distance 0.
    plus = np.zeros((1, 5, 5), dtype=bool)
    plus[0, 2, 1:4] = plus[0, 1:4, 2] = True
    centre = boxes((5, 5), ((2, 3), (2, 3)))
    scores = segmentation_scores(plus, centre)
    assert scores["hausdorff"] == scores["hausdorff_95"] == 1.0
    assert scores["surface_distance"] == 1.0


def test_border_of_the_image_is_a_surface():
    full = np.ones((1, 7, 7), dtype=bool)
    centre = boxes((7, 7), ((3, 4), (3, 4)))
    scores = segmentation_scores(full, centre)
    assert scores["hausdorff"] == pytest.approx(3 * np.sqrt(2))


def test_one_far_pixel_moves_the_maximum_and_not_the_percentile():
    true = boxes((60, 60), ((5, 45), (5, 45)))
    predicted = true.copy()
    predicted[0, 55, 44] = True
    scores = segmentation_scores(true, predicted)
    assert scores["hausdorff"] == 11.0
    assert scores["hausdorff_95"] == 0.0


def test_empty_masks():
    box = ((2, 5), (2, 5))
    nothing = ((0, 0), (0, 0))
    true = boxes((8, 8), nothing, box, nothing, box)
    predicted = boxes((8, 8), nothing, nothing, box, box)
    nan, inf = np.nan, np.inf
    expected = {
        "dice": [1, 0, 0, 1],
        "iou": [1, 0, 0, 1],
        "accuracy": [1, 55 / 64, 55 / 64, 1],
        "sensitivity": [nan, 0, nan, 1],
        "specificity": [1, 1, 55 / 64, 1],
        "precision": [nan, nan, 0, 1],
        "hausdorff": [nan, inf, nan, 0],
        "hausdorff_95": [nan, inf, nan, 0],
        "surface_distance": [nan, inf, nan, 0],
    }
    scores = segmentation_scores(true, predicted)
    assert list(scores) == list(expected)
    for name, values in expected.items():
        assert_array_equal(scores[name], values, err_msg=name)


def test_mask_that_fills_the_image_has_no_specificity():
    full = np.ones((1, 4, 4), dtype=bool)
    assert np.isnan(segmentation_scores(full, full)["specificity"])


@pytest.mark.parametrize(
    "form",
    [
        lambda mask: mask.astype(np.uint8),
        lambda mask: 255 * mask.astype(np.uint8),
        lambda mask: mask.astype(float),
        lambda mask: mask.tolist(),
    ],
    ids=["0 and 1", "0 and 255", "float", "list"],
)
def test_forms_of_masks(blobs, form):
    expected = segmentation_scores(*blobs)
    scores = segmentation_scores(form(blobs[0]), blobs[1])
    assert scores.keys() == expected.keys()
    for name, values in expected.items():
        assert_array_equal(scores[name], values, err_msg=name)


def test_an_image_scores_the_same_alone(blobs):
    together = segmentation_scores(*blobs)
    alone = segmentation_scores(*(masks[3:4] for masks in blobs))
    for name, values in alone.items():
        assert values.tolist() == [together[name][3]]


def test_masks_are_left_as_they_are(blobs):
    before = [masks.copy() for masks in blobs]
    segmentation_scores(*blobs)
    for masks, copy in zip(blobs, before, strict=True):
        assert_array_equal(masks, copy)


@pytest.mark.parametrize(
    "labels", [[0, 1, 2], [0, 255, 77], ["air", "heart", "lung"]], ids=repr
)
def test_classes_are_scored_against_the_rest(class_maps, labels):
    true, predicted = (np.array(labels)[codes] for codes in class_maps)
    scores = segmentation_scores(true, predicted, labels=labels)
    for label in labels[1:]:
        against = segmentation_scores(true == label, predicted == label)
        for name in NAMES:
            assert_array_equal(scores[f"{name}_{label}"], against[name])
    for name in NAMES:
        if name != "accuracy":
            parts = [scores[f"{name}_{label}"] for label in labels[1:]]
            assert_allclose(scores[name], np.mean(parts, axis=0), rtol=1e-12)
    assert_allclose(
        scores["accuracy"],
        [
            accuracy_score(t.ravel(), p.ravel())
            for t, p in zip(true, predicted, strict=True)
        ],
    )
    assert len(scores) == 3 * len(NAMES)
    assert list(scores)[: len(NAMES)] == NAMES


def test_mean_over_classes_leaves_out_undefined_scores():
    true = 2 * boxes((8, 8), ((2, 5), (2, 5))).astype(np.uint8)
    scores = segmentation_scores(true, true, labels=[0, 1, 2])
    assert scores["dice_1"] == 1.0  # neither there nor predicted
    assert np.isnan(scores["sensitivity_1"])
    assert scores["sensitivity"] == 1.0
    assert scores["hausdorff"] == 0.0
    nothing = np.zeros_like(true)
    scores = segmentation_scores(nothing, nothing, labels=[0, 1, 2])
    assert np.isnan(scores["hausdorff"])
    assert np.isnan(scores["sensitivity"])


def test_two_labels_are_scored_as_a_mask(blobs):
    expected = segmentation_scores(*blobs)
    true, predicted = (np.where(masks, 3, 7) for masks in blobs)
    scores = segmentation_scores(true, predicted, labels=[7, 3])
    assert scores.keys() == expected.keys()
    assert_array_equal(scores["dice"], expected["dice"])


MASK = np.ones((2, 4, 4), dtype=bool)


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        (MASK, MASK * 0.7, r"y_pred must hold masks.*\[0\.7\].*masks > 0\.5"),
        (MASK * 2, MASK, r"y_true must hold masks.*\[2\].*labels=\[\.\.\.\]"),
        (MASK, MASK * np.nan, "y_pred must hold masks"),
        (MASK, -1 * MASK, "y_pred must hold masks"),
        (MASK, np.tile(np.uint8([0, 1, 255, 0]), (2, 4, 1)), r"\[0, 1, 255\]\."),
        (MASK, np.arange(32).reshape(2, 4, 4), r"\[0, 1, 2, 3, 4\] and 27 more"),
        (MASK, MASK.astype(str), "y_pred must hold masks"),
        (MASK, MASK[:, :2], r"\(2, 4, 4\) and \(2, 2, 4\).*nearest neighbor"),
        (MASK, MASK[:1], "of the same images"),
        (MASK[0], MASK[0], r"shape \(4, 4\)\. Give one mask as mask\[np\.newaxis\]"),
        (MASK[..., None], MASK, r"shape \(2, 4, 4, 1\)\.$"),
        ([np.ones((2, 2)), np.ones((3, 3))], MASK, "y_true must be masks of one size"),
        (MASK[:0], MASK[:0], "no masks to score"),
        (
            MASK,
            np.array([[["a", 1] * 2] * 4] * 2, dtype=object),
            r"has the values \['a', 1\]",
        ),
    ],
)
def test_unsuitable_masks(true, predicted, message):
    with pytest.raises(ValueError, match=message):
        segmentation_scores(true, predicted)


def test_values_that_labels_lack(class_maps):
    message = r"y_true has the values \[2\], which are not among the labels \[0, 1\]"
    with pytest.raises(ValueError, match=message):
        segmentation_scores(*class_maps, labels=[0, 1])


@pytest.mark.parametrize("labels", [[0], [0, 1, 1], 3, [[0, 1]], range(300)])
def test_unsuitable_labels(class_maps, labels):
    with pytest.raises(ValueError, match="labels must be 2 to 256"):
        segmentation_scores(*class_maps, labels=labels)


@pytest.mark.parametrize(
    "spacing", [0, -1.0, np.nan, np.inf, "1", (1.0,), (1.0, 0.0), (1, 2, 3), None]
)
def test_unsuitable_spacing(blobs, spacing):
    with pytest.raises(ValueError, match="spacing must be the size of a pixel"):
        segmentation_scores(*blobs, spacing=spacing)
