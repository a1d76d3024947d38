import random
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf.datasets import make_chest_radiographs

ALL = ("covid", "normal", "pneumonia", "tuberculosis")


@pytest.fixture(scope="module")
def many():
    """Enough patients for a statement about classes: one image each."""
    return make_chest_radiographs(450, image_size=96, n_patients=450, random_state=0)


@pytest.fixture(scope="module")
def few():
    return make_chest_radiographs(40, classes=ALL, random_state=1)


def linear_score(features, target):
    """Balanced accuracy of logistic regression, cross-validated."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    predicted = cross_val_predict(model, features, target, cv=5)
    return balanced_accuracy_score(target, predicted)


def test_what_comes_back(few):
    assert few.images.shape == few.masks.shape == (40, 224, 224)
    assert few.opacities.shape == (40, 224, 224)
    assert few.opacities.dtype == bool
    assert few.images.dtype == np.uint8
    assert few.masks.dtype == bool
    assert few.target.shape == few.groups.shape == (40,)
    assert few.target_names == sorted(ALL)
    assert set(few.target) == set(ALL)
    assert "40 images of 27 patients" in few.DESCR


def test_opacities_are_in_the_lungs_of_the_sick(few):
    found = few.opacities.any((1, 2))
    np.testing.assert_array_equal(found, few.target != "normal")
    assert not (few.opacities & ~few.masks).any()
    # Opacities are brighter than the lungs around them.
    for image, lungs, opacity in zip(
        few.images[found], few.masks[found], few.opacities[found], strict=True
    ):
        around = lungs & ~opacity & ndimage.binary_dilation(opacity, iterations=8)
        assert image[opacity].mean() > image[around].mean()


def test_defaults():
    data = make_chest_radiographs(image_size=16, random_state=0)
    assert Counter(data.target) == {"covid": 100, "normal": 100, "pneumonia": 100}
    assert len(set(data.groups)) == 200


def test_the_same_seed_gives_the_same_bytes():
    def draw(seed):
        data = make_chest_radiographs(8, image_size=48, random_state=seed)
        return [
            array.tobytes()
            for array in (
                data.images,
                data.target,
                data.masks,
                data.opacities,
                data.groups,
            )
        ]

    assert draw(3) == draw(3)
    assert draw(3) == draw(np.random.RandomState(3))
    assert draw(3)[0] != draw(4)[0]
    assert draw(None)[0] != draw(None)[0]
    state = np.random.RandomState(3)
    assert draw(state)[0] != draw(state)[0]


@pytest.mark.parametrize("seed", [0, None])
def test_global_generators_are_left_alone(seed):
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    make_chest_radiographs(3, image_size=16, random_state=seed)
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1][1], after[1][1])
    assert before[1][2:] == after[1][2:]


def test_the_size_changes_the_pixels_not_the_patients():
    small = make_chest_radiographs(12, classes=ALL, image_size=112, random_state=5)
    large = make_chest_radiographs(12, classes=ALL, image_size=448, random_state=5)
    np.testing.assert_array_equal(small.target, large.target)
    np.testing.assert_array_equal(small.groups, large.groups)
    for i in range(12):
        shrunk = Image.fromarray(large.images[i]).resize(
            (112, 112), Image.Resampling.BOX
        )
        both = np.corrcoef(small.images[i].ravel(), np.asarray(shrunk).ravel())
        assert both[0, 1] > 0.97
        assert (small.masks[i] == large.masks[i][2::4, 2::4]).mean() > 0.97


@pytest.mark.parametrize("size", [(64, 96), (96, 64)])
def test_rectangular_images_keep_the_chest_in_proportion(size):
    data = make_chest_radiographs(6, image_size=size, random_state=0)
    square = make_chest_radiographs(6, image_size=64, random_state=0)
    assert data.images.shape == data.masks.shape == (6, *size)
    # The same lungs in pixels, with more around them.
    np.testing.assert_allclose(
        data.masks.sum((1, 2)), square.masks.sum((1, 2)), rtol=0.1
    )


@pytest.mark.parametrize(
    ("n", "weights", "expected"),
    [
        (12, None, (4, 4, 4)),
        (14, None, (5, 5, 4)),
        (20, (0.1, 0.6, 0.3), (2, 12, 6)),
        (10, (1, 1, 3), (2, 2, 6)),
        (10, np.array([0.05, 0.05, 0.9]), None),
    ],
)
def test_weights(n, weights, expected):
    classes = ("pneumonia", "normal", "covid")

    def draw():
        return make_chest_radiographs(
            n, classes=classes, weights=weights, image_size=16, random_state=0
        )

    if expected is None:
        with pytest.raises(ValueError, match="no image for class 'normal'"):
            draw()
    else:
        counts = Counter(draw().target)
        assert tuple(counts[name] for name in classes) == expected


def test_the_order_is_random():
    data = make_chest_radiographs(30, image_size=16, random_state=0)
    assert len(set(data.target[:10])) == 3


@pytest.mark.parametrize("n_patients", [None, 3, 10, 30])
def test_a_patient_has_one_class(n_patients):
    data = make_chest_radiographs(
        30, weights=(1, 2, 3), image_size=16, n_patients=n_patients, random_state=0
    )
    images_of = Counter(data.groups)
    assert len(images_of) == (n_patients or 20)
    assert sorted(images_of) == [f"patient{i:04d}" for i in range(len(images_of))]
    assert len(set(zip(data.groups, data.target, strict=True))) == len(images_of)
    if n_patients is None:
        assert max(images_of.values()) > 1


def test_the_number_of_a_patient_does_not_tell_the_class():
    data = make_chest_radiographs(60, image_size=16, n_patients=60, random_state=0)
    by_number = data.target[np.argsort(data.groups)]
    changes = (by_number[1:] != by_number[:-1]).sum()
    assert changes > 20  # in blocks of a class there would be 2


def test_images_of_a_patient_share_the_anatomy_and_differ_in_the_rest():
    data = make_chest_radiographs(
        40, classes=["normal"], image_size=64, n_patients=8, random_state=0
    )
    patients = np.unique(data.groups, return_inverse=True)[1]
    assert len({image.tobytes() for image in data.images}) == 40
    # The shape of the lungs survives shifts: their height to width, logarithmic.
    shape = np.array([lung_shape(mask) for mask in data.masks])
    within = np.mean([shape[patients == p].std(axis=0) for p in range(8)], axis=0)
    assert (within < 0.75 * shape.std(axis=0)).any()


def lung_shape(mask):
    """Return how much of the lungs' box they fill, and the right lung's share."""
    rows, columns = np.nonzero(mask)
    box = np.ptp(rows) * np.ptp(columns)
    middle = (columns.min() + columns.max()) / 2
    return mask.sum() / box, (columns < middle).mean()


def test_masks_are_two_lungs(few):
    for mask in few.masks:
        labels, _ = ndimage.label(mask)
        sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1]
        assert sizes[:2].sum() > 0.99 * mask.sum()
        assert sizes[1] > 0.25 * sizes[0]
        assert 0.10 < mask.mean() < 0.45


def test_lungs_are_darker_than_what_surrounds_them(few):
    near = np.ones((25, 25))
    for image, mask in zip(few.images, few.masks, strict=True):
        around = ndimage.binary_dilation(mask, near) & ~mask
        # The median: some of the surroundings are black air or collimated.
        assert np.median(image[mask]) < np.median(image[around]) - 15


def test_opacities_brighten_lungs_alone():
    """With the same seeds the classes differ in the lungs and nowhere else."""
    drawn = {
        name: make_chest_radiographs(
            20, classes=[name], image_size=96, n_patients=20, random_state=0
        )
        for name in ALL
    }
    normal = drawn["normal"]
    outside = ~ndimage.binary_dilation(normal.masks, np.ones((1, 9, 9)))
    for name in set(ALL) - {"normal"}:
        data = drawn[name]
        np.testing.assert_array_equal(data.masks, normal.masks)
        change = data.images.astype(float) - normal.images
        # Exposure follows the image, so all the rest gets a little darker.
        assert np.abs(change[outside]).mean() < 8
        brighter = [
            diff[mask].mean() - diff[~mask].mean()
            for diff, mask in zip(change, data.masks, strict=True)
        ]
        assert np.mean(brighter) > 2
        assert min(brighter) > 0


def test_where_the_opacities_lie():
    """Pneumonia on one side; COVID-19 on both and low; tuberculosis at the top."""

    def brighter(name):
        """Return, by image, how much brighter than normal: side, half of lung."""
        pair = [
            make_chest_radiographs(
                40, classes=[c], image_size=96, n_patients=40, random_state=0
            )
            for c in (name, "normal")
        ]
        change = pair[0].images.astype(float) - pair[1].images
        parts = []
        for diff, mask in zip(change, pair[1].masks, strict=True):
            diff = np.where(mask, diff - np.median(diff[mask]), 0).clip(0)
            rows, columns = np.nonzero(mask)
            middle, centre = round(rows.mean()), round(columns.mean())
            parts.append(
                [
                    [side[:middle].sum(), side[middle:].sum()]
                    for side in (diff[:, :centre], diff[:, centre:])
                ]
            )
        return np.array(parts)

    pneumonia, covid, tb = map(brighter, ("pneumonia", "covid", "tuberculosis"))

    def weaker_side(parts):
        sides = parts.sum(axis=2)
        return np.median(sides.min(axis=1) / sides.sum(axis=1))

    def low_share(parts):
        return parts[:, :, 1].sum() / parts.sum()

    assert weaker_side(pneumonia) < 0.1
    assert weaker_side(covid) > 0.2
    assert low_share(covid) > 0.55
    assert low_share(tb) < 0.3


def test_a_linear_model_on_pixels_does_poorly(many):
    small = np.stack(
        [
            np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BOX))
            for image in many.images
        ]
    )
    score = linear_score(small.reshape(450, -1) / 255.0, many.target)
    assert score < 0.62


@pytest.mark.parametrize("shortcut", ["border", "corners", "exposure"])
def test_nothing_but_the_lungs_tells_the_class(many, shortcut):
    images = many.images / 255.0
    if shortcut == "border":
        edges = (images[:, :4], images[:, -4:], images[:, :, :4], images[:, :, -4:])
        features = np.hstack([edge.reshape(450, -1)[:, ::6] for edge in edges])
    elif shortcut == "corners":
        features = np.column_stack(
            [
                images[:, rows, columns].mean(axis=(1, 2))
                for rows in (slice(0, 20), slice(-20, None))
                for columns in (slice(0, 20), slice(-20, None))
            ]
        )
    else:
        noise = images - ndimage.gaussian_filter(images, (0, 1, 1))
        features = np.column_stack(
            [
                images.mean(axis=(1, 2)),
                images.max(axis=(1, 2)),
                images.min(axis=(1, 2)),
                (images == 0).mean(axis=(1, 2)),
                noise[:, :, :8].std(axis=(1, 2)),
            ]
        )
    # Chance is 1/3; the standard error of 450 images is 0.022.
    assert linear_score(features, many.target) < 1 / 3 + 0.07


def test_the_shortcut_test_would_notice_one(many):
    images = many.images / 255.0 + 0.1 * (many.target == "covid")[:, None, None]
    features = images[:, :4].reshape(450, -1)[:, ::6]
    assert linear_score(features, many.target) > 0.45


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n_samples": 0}, "n_samples must be a positive int; got 0"),
        ({"n_samples": 3.0}, "n_samples must be a positive int; got 3.0"),
        ({"n_samples": True}, "n_samples must be a positive int"),
        ({"n_samples": 2}, "no image for class 'pneumonia'"),
        ({"classes": "covid"}, r"write \['covid'\]"),
        ({"classes": ()}, "classes must be different names"),
        ({"classes": ("covid", "flu")}, "got .*'flu'"),
        ({"classes": ("covid", "covid")}, "classes must be different names"),
        ({"weights": (0.5, 0.5)}, "a share for each of the 3 classes"),
        ({"weights": (0.5, 0.5, 0)}, "positive and finite.*Leave a class out"),
        ({"weights": (0.5, 0.5, -1)}, "positive and finite"),
        ({"weights": (0.5, 0.5, float("nan"))}, "positive and finite"),
        ({"image_size": 0}, "image_size must be a positive int"),
        ({"image_size": (64, 64, 1)}, "image_size must be a positive int"),
        ({"image_size": (64, 8)}, "at least 16 pixels"),
        ({"n_patients": 2}, "between the number of classes, 3, and n_samples, 9"),
        ({"n_patients": 10}, "between the number of classes"),
        ({"n_patients": 4.5}, "n_patients must be a positive int or None"),
        ({"random_state": "seed"}, "seed"),
    ],
)
def test_bad_values(change, says):
    with pytest.raises(ValueError, match=says):
        make_chest_radiographs(**({"n_samples": 9, "image_size": 32} | change))
