"""The study vgg19_unet has the numbers and the settings of the paper."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from cxrclf.datasets import make_chest_radiographs
from cxrclf.nets import ClassificationNetwork, Head
from cxrclf.nets._names import resolve_name
from cxrclf.studies._vgg19_unet import make_vgg19_unet
from networks import on_meta

NAMES = ["VGG19", "ResNet101", "ResNet50"]
# Channels and parameters of each network without its last layers: 16 convolutions of
# 3 × 3, and the numbers of He et al. 2016 without 1,000 outputs.
SIZES = {
    "VGG19": (512, 20_024_384),
    "ResNet101": (2048, 44_549_160 - 1000 * 2049),
    "ResNet50": (2048, 25_557_032 - 1000 * 2049),
}


@pytest.fixture(scope="module")
def study():
    return make_vgg19_unet()


@pytest.fixture(scope="module")
def radiographs():
    return make_chest_radiographs(
        80,
        classes=("covid", "normal"),
        weights=(0.4, 0.6),
        image_size=32,
        n_patients=50,
        random_state=0,
    )


def test_networks_and_published_scores(study):
    assert list(study.networks) == NAMES + [f"{name} on lungs" for name in NAMES]
    found = {
        (score.network, score.score): (score.value, score.label)
        for score in study.published
    }
    assert found == {
        ("VGG19", "precision"): (0.9887, "covid"),
        ("VGG19", "sensitivity"): (0.98, "covid"),
        ("VGG19", "accuracy"): (0.9942, None),
        ("ResNet101", "precision"): (0.94, "covid"),
        ("ResNet101", "sensitivity"): (0.90, "covid"),
        ("ResNet101", "accuracy"): (0.91, None),
        ("ResNet50", "precision"): (0.85, "covid"),
        ("ResNet50", "sensitivity"): (0.83, "covid"),
        ("ResNet50", "accuracy"): (0.85, None),
    }


@pytest.mark.parametrize("n_covid", [71, 72])
def test_no_confusion_matrix_gives_the_row_of_vgg19(n_covid):
    """The study states this as a reason of one of its choices."""
    n_normal = 340 - n_covid
    true = np.arange(n_covid + 1)[:, None]
    false = np.arange(n_normal + 1)
    with np.errstate(invalid="ignore"):
        covid = np.stack(
            np.broadcast_arrays(true / (true + false), true / n_covid)  # precision ...
        )
        rest = n_normal - false
        normal = np.stack(
            np.broadcast_arrays(rest / (rest + n_covid - true), rest / n_normal)
        )
    accuracy = (true + rest) / 340
    share = n_covid / 340
    for precision, recall in (
        covid,
        normal,
        (covid + normal) / 2,
        share * covid + (1 - share) * normal,
    ):
        # Values may be rounded or truncated.
        fits = (
            (abs(precision - 0.9887) < 1e-4)
            & (abs(recall - 0.98) < 1e-2)
            & (abs(accuracy - 0.9942) < 1e-4)
        )
        assert not fits.any()


def test_settings_of_the_paper(study):
    for variant in (study, study.faithful):
        for name, network in variant.networks.items():
            if isinstance(network, Pipeline):
                masker, network = (step for _, step in network.steps)
                assert masker.segmenter is None
                assert (masker.mode, masker.keep) == ("mask", "lungs")
            assert resolve_name(network.backbone).startswith(name.lower().split()[0])
            optimizer = network.optimizer
            assert (optimizer.name, optimizer.weight_decay) == ("sgd", 0.06)
            assert optimizer.momentum == 0.9  # the default of MATLAB
            assert (network.learning_rate, network.body_learning_rate) == (1e-3, 1e-3)
            assert network.learning_rate_schedule == "constant"
            assert (network.batch_size, network.max_epochs) == (64, 80)
            assert (network.image_size, network.keep_aspect_ratio) == (224, False)
            assert (network.normalization, network.trainable) == ("unit", "all")
            assert (network.augmentation, network.class_weight) == (None, None)
            has_convolution = network.pointwise_channels is not None
            assert has_convolution == name.startswith("VGG19")
    assert study.validation == 0.1
    assert not study.leaks


@pytest.mark.parametrize("name", NAMES)
def test_all_parameters_are_trained(study, name):
    network = study.networks[name]
    channels, body = SIZES[name]
    pointwise = network.pointwise_channels
    net = ClassificationNetwork(
        on_meta(resolve_name(network.backbone)),
        Head(channels, 2, pointwise_channels=pointwise),
    )
    net.set_trainable(network.trainable)
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    if pointwise is None:
        assert trained == body + 2 * (channels + 1)
    else:
        # The convolution reduces the channels.
        assert pointwise < channels
        assert trained == body + pointwise * (channels + 1) + 2 * (pointwise + 1)


def test_random_folds_have_the_published_sizes_and_divide_patients(study):
    y = np.repeat(["covid", "normal"], [357, 1342])
    patients = np.arange(1699) // 2
    shared = 0
    for train, test in study.faithful.cv.split(y, y):
        assert len(test) in (339, 340)
        assert np.sum(y[test] == "covid") in (71, 72)
        shared += len(np.intersect1d(patients[train], patients[test]))
    assert shared > 0
    assert study.faithful.validation == "test"
    assert any("patient" in leak for leak in study.faithful.leaks)


class LeftLung(BaseEstimator):
    """Segmenter that finds a lung in the left half of each image."""

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return np.broadcast_to(np.arange(32) < 16, np.shape(X))


def test_both_variants_run(study, radiographs):
    small = study.scaled(
        backbones=["test_resnet"], image_size=32, max_epochs=1, weights=None
    )
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    small = replace(small, cv=2, faithful=replace(small.faithful, cv=cv))
    for faithful in (False, True):
        results = small.run(
            radiographs.images,
            radiographs.target,
            radiographs.groups,
            faithful=faithful,
            segmenter=LeftLung(),
            audit=False,
            explain=False,
            verbose=0,
        )
        assert len(results.networks) == 2
        for network in results.networks:
            fits = [fit for fit in results.fits if fit.network == network]
            rows = np.concatenate([fit.predictions.rows for fit in fits])
            assert sorted(rows) == list(range(80))
            tested = [set(radiographs.groups[fit.predictions.rows]) for fit in fits]
            assert bool(tested[0] & tested[1]) == faithful
