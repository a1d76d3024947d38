"""What is predicted of an image does not depend on the images beside it."""

import numpy as np
import pytest

from cxrclf._training.precision import inference_batch_size
from cxrclf.datasets import make_chest_radiographs

CUTS = {
    "first two": slice(0, 2),
    "less than a batch": slice(0, 15),
    "one more than a batch": slice(0, 17),
    "one more than two batches": slice(0, 33),
    "moved by one": slice(1, None),
    "from the middle": slice(3, 20),
    "every other": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "repeated": [7, 7, 3],
}


@pytest.fixture(scope="module")
def images():
    return make_chest_radiographs(40, image_size=32, random_state=0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "settings",
    [
        {"trainable": "all"},
        {"trainable": "head", "hidden_units": 8},
        {"trainable": "head", "feature_cache": None},
        {"trainable": "all", "pooling": "flatten"},
    ],
)
def test_cuts_do_not_change_predictions(images, small_classifier, settings, precision):
    X = images.images
    clf = small_classifier(max_epochs=1, precision=precision, **settings)
    whole = clf.fit(X[:16], images.target[:16]).predict_proba(X)
    for name, cut in CUTS.items():
        np.testing.assert_array_equal(clf.predict_proba(X[cut]), whole[cut], name)


def test_cuts_of_files_do_not_change_predictions(radiograph_files, small_classifier):
    data = radiograph_files
    clf = small_classifier(trainable="head").fit(data.data, data.target)
    whole = clf.predict_proba(data.data)
    for n in (2, 16, 17, 29):
        np.testing.assert_array_equal(clf.predict_proba(data.data[:n]), whole[:n])


def test_each_batch_has_the_same_size(images, small_classifier, monkeypatch):
    clf = small_classifier(max_epochs=1).fit(images.images, images.target)
    module, sizes = clf.net_.module_, []
    forward = type(module).forward

    def counted(self, images=None, **features):
        sizes.append(len(images))
        return forward(self, images, **features)

    monkeypatch.setattr(type(module), "forward", counted)
    size = inference_batch_size(clf.net_.device, clf.image_size_)
    for n in (2, size, size + 1):
        assert len(clf.predict_proba(images.images[:n])) == n
    assert set(sizes) == {size}


def test_a_single_image_is_the_same_but_for_rounding(images, small_classifier):
    clf = small_classifier(precision="float32").fit(images.images, images.target)
    whole = clf.predict_proba(images.images[:5])
    for k in range(5):
        # Computed alone, by other kernels: sums are rounded in another order.
        np.testing.assert_allclose(
            clf.predict_proba(images.images[k : k + 1]), whole[k : k + 1], atol=1e-5
        )
