"""Several findings per image, some unknown, fit the engine as it is.

Nothing of this is in the library yet: targets, task and estimator are written here, by
the interfaces of the engine, without a change to it.
"""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.metrics import log_loss
from sklearn.utils.validation import check_array

from cxrclf import Augmentation
from cxrclf._estimators import fitted_state
from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._torch.device import upload
from cxrclf._training.data import Examples
from cxrclf._training.feature_cache import MemoryCache
from cxrclf._training.feature_policy import FeaturePolicy
from cxrclf._training.targets import _FixedTargets
from cxrclf._training.task import Task
from cxrclf._training.weights import SampleWeights
from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from tolerances import assert_same_predictions

# The kind of target -------------------------------------------------------------------


class MultiLabelTargets(_FixedTargets):
    """Several findings per image: 1 if there, 0 if not, NaN where nobody knows.

    Parameters
    --------
    findings : ndarray of shape (n, n_findings) of float64
    """

    def __init__(self, findings):
        self.keys = findings
        # Rows with the same findings are held out in proportion.
        found = np.nan_to_num(findings)
        self.strata = np.unique(found, axis=0, return_inverse=True)[1].ravel()

    def batch(self, rows, view):
        findings = torch.from_numpy(self.keys[rows]).to(view.format.dtype)
        return upload(findings, view.format.device)


class KnownCrossEntropy(torch.nn.Module):
    """Binary cross-entropy, averaged over what is known of each image."""

    def forward(self, logits, target):
        truth, weights = target
        known = ~truth.isnan()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, truth.nan_to_num(), reduction="none"
        )
        each = (losses * known).sum(1) / known.sum(1).clamp(min=1)
        return (each * weights).mean()


def sum_of_right(outputs, truth):
    known = ~truth.isnan()
    right = ((outputs > 0) == (truth > 0.5)) & known
    return (right.sum(1) / known.sum(1).clamp(min=1)).sum()


FINDINGS = Task(
    loss=KnownCrossEntropy,
    score_name="accuracy",
    score=sum_of_right,
    activation=expit,
    decide=partial(np.less_equal, 0.5),  # whether 0.5 <= probability
)


class FindingsClassifier(ImageEstimator):
    """An estimator of several findings, with the few parameters of this test."""

    _network_parameters = ("backbone",)

    def __init__(
        self,
        backbone="test_resnet",
        *,
        weights=None,
        trainable="head",
        image_size=32,
        keep_aspect_ratio=False,
        augmentation=None,
        optimizer="adam",
        learning_rate=1e-2,
        body_learning_rate=None,
        learning_rate_schedule="constant",
        max_epochs=2,
        head_epochs=0,
        batch_size=16,
        validation_fraction=None,
        early_stopping=False,
        n_iter_no_change=5,
        tol=0.0,
        monitor="valid_loss",
        keep_best=True,
        warm_start=False,
        callbacks=None,
        random_state=0,
        n_threads=1,
        device="auto",
        precision="float32",
        compile=False,
        cache_dir=None,
        checkpoint_dir=None,
        log_dir=None,
        verbose=0,
    ):
        for name, value in locals().copy().items():
            if name != "self":
                setattr(self, name, value)

    def fit(self, X, y):
        with self._all_or_nothing():
            self._check_parameters(has_validation=False)
            images = self._check_images(X, reset=True)
            y = check_array(y, dtype=np.float64, ensure_all_finite="allow-nan")
            self.n_findings_ = y.shape[1]
            train = Examples(images, MultiLabelTargets(y), SampleWeights())
            self._train(train, start="network")
        return self

    def predict_proba(self, X):
        return np.concatenate(list(self._probabilities(self._images_to_predict(X))))

    def predict(self, X):
        return self._task().decide(self.predict_proba(X))

    def _task(self):
        return FINDINGS

    def _policy(self):
        cache = MemoryCache(2**30)
        return FeaturePolicy(cache, n_threads=self.n_threads, verbose=self.verbose)

    def _default_image_size(self):
        return 32, 32

    def _make_module(self, weights):
        backbone = make_backbone(
            self.backbone,
            weights=weights,
            in_channels=self._in_channels(),
            image_size=self.image_size_,
        )
        head = Head(backbone.num_features, self.n_findings_)
        return ClassificationNetwork(backbone, head)


# What it shows ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings(radiographs):
    """Three findings, of which one is unknown in a fifth of the images."""
    y, rng = radiographs.target, np.random.default_rng(0)
    bright = radiographs.images.mean(axis=(1, 2))
    findings = np.column_stack(
        [y == "covid", y != "normal", bright > np.median(bright)]
    ).astype(float)
    findings[rng.choice(30, 6, replace=False), 0] = np.nan
    findings[3] = np.nan  # an image of which nothing is known
    return findings


@pytest.mark.parametrize(
    ("trainable", "rate"), [("head", 0.1), (1, 0.01), ("all", 0.01)]
)
def test_it_learns_findings(trainable, rate, radiographs, findings):
    clf = FindingsClassifier(trainable=trainable, learning_rate=rate, max_epochs=30)
    clf.fit(radiographs.images, findings)
    probabilities = clf.predict_proba(radiographs.images)
    assert probabilities.shape == (30, 3)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert abs(probabilities.sum(axis=1) - 1).max() > 0.1  # each on its own
    losses = clf.history_["train_loss"]
    assert losses[-1] < 0.8 * losses[0]
    known = ~np.isnan(findings)
    predicted = clf.predict(radiographs.images)
    np.testing.assert_array_equal(predicted, probabilities >= 0.5)
    right = predicted == (findings > 0.5)
    assert right[known].mean() > 0.7


def test_the_loss_is_that_of_what_is_known(radiographs, findings):
    X = radiographs.images
    settings = {"learning_rate": 1e-12, "batch_size": 30, "precision": "float64"}
    clf = FindingsClassifier(max_epochs=1, **settings).fit(X, findings)
    probabilities = clf.predict_proba(X)
    losses = [
        log_loss(truth[known], row[known], labels=[0, 1]) if known.any() else 0
        for truth, row, known in zip(
            findings, probabilities, ~np.isnan(findings), strict=True
        )
    ]
    assert clf.history_["train_loss"][0] == pytest.approx(np.mean(losses), rel=1e-6)


def test_unknown_findings_teach_nothing(radiographs, findings):
    X, unknown = radiographs.images, findings.copy()
    unknown[:, 1] = np.nan
    settings = {"learning_rate": 0.1, "max_epochs": 5, "precision": "float64"}
    clf = FindingsClassifier(**settings).fit(X, unknown)
    untrained = FindingsClassifier(**{**settings, "learning_rate": 1e-12})
    untrained.fit(X, unknown)
    trained, before = (c.predict_proba(X) for c in (clf, untrained))
    assert_same_predictions(trained[:, 1], before[:, 1], "float64", trained=True)
    assert abs(trained[:, 0] - before[:, 0]).max() > 0.05


def test_the_rest_of_the_engine_serves_it(radiographs, findings):
    X = radiographs.images
    clf = FindingsClassifier(
        max_epochs=6,
        augmentation=Augmentation(rotation=10),
        validation_fraction=0.3,
        early_stopping=True,
        n_iter_no_change=2,
    ).fit(X, np.repeat(findings[:, 1:2], 2, axis=1))
    assert list(clf.history_) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "duration",
        "learning_rate",
    ]
    assert 1 <= clf.best_epoch_ <= clf.n_epochs_ <= 6
    found = clf.net_.predict_proba(X)
    assert_same_predictions(found, clf.predict_proba(X), "float32")
    # Exact: the same training, in which one thread computes each layer.
    again = FindingsClassifier(**clf.get_params(deep=False))
    again.fit(X, np.repeat(findings[:, 1:2], 2, axis=1))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_it_is_saved_and_loaded(radiographs, findings, tmp_path, monkeypatch):
    monkeypatch.setitem(fitted_state._FITTED, "n_findings", lambda value: value > 0)
    X = radiographs.images
    clf = FindingsClassifier().fit(X, findings)
    clf.save(tmp_path)
    again = FindingsClassifier.load(tmp_path)
    assert_same_predictions(again.predict_proba(X), clf.predict_proba(X), "float32")
    pickled = pickle.loads(pickle.dumps(clf))
    assert_same_predictions(pickled.predict_proba(X), clf.predict_proba(X), "float32")


def test_a_run_is_known_by_its_findings(radiographs, findings, tmp_path):
    X, other = radiographs.images, findings.copy()
    other[0, 1] = 1 - other[0, 1]
    for y, n_files in ((findings, 1), (findings, 1), (other, 2)):
        FindingsClassifier(checkpoint_dir=tmp_path).fit(X, y)
        assert len(list(tmp_path.glob("*.resume"))) == n_files
