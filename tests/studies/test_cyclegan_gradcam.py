"""The study cyclegan_gradcam has the numbers and the settings of the paper."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from cxrclf.datasets import make_chest_radiographs
from cxrclf.metrics import Predictions, join_predictions
from cxrclf.nets import ClassificationNetwork, Head
from cxrclf.nets._names import resolve_name
from cxrclf.studies._cyclegan_gradcam import make_cyclegan_gradcam
from cxrclf.studies._fixed_test_folds import FixedTestFolds
from networks import on_meta

NAMES = ["VGG16", "ResNet50", "EfficientNetB0"]
# Parameters in millions, as printed, and channels of the last map.
PUBLISHED_SIZES = {"VGG16": (14.7, 512), "ResNet50": (23.7, 2048)}
# Parameters of the networks of Keras with include_top=False.
KERAS_SIZES = {"VGG16": 14_714_688, "ResNet50": 23_587_712}
# conv5_x of He et al. 2016: three bottlenecks, the first one with a shortcut of 1 × 1,
# and two parameters per channel of each batch normalization.
_INNER = 512 * 512 * 9 + 512 * 2048 + 2 * (512 + 512 + 2048)
TRAINED = {
    "VGG16": 3 * (9 * 512 * 512 + 512),  # block5
    "ResNet50": (1024 * 512 + _INNER)
    + 2 * (2048 * 512 + _INNER)
    + (1024 * 2048 + 2 * 2048),
}


@pytest.fixture(scope="module")
def study():
    return make_cyclegan_gradcam()


@pytest.fixture(scope="module")
def radiographs():
    return make_chest_radiographs(90, image_size=32, n_patients=60, random_state=0)


def split_steps(network):
    """Return the sampler, if there is one, and the classifier."""
    if isinstance(network, Pipeline):
        return [step for _, step in network.steps]
    return [None, network]


def test_networks_and_published_scores(study):
    assert list(study.networks) == [
        f"{name} ({version})" for name in NAMES for version in ("v1", "v2")
    ]
    found = {(*score[:2], score.label): score.value for score in study.published}
    rows = {
        "VGG16 (v1)": [0.88, 0.82, 0.84, 0.98],
        "VGG16 (v2)": [0.912, 0.93, 0.87, 0.96],
        "ResNet50 (v2)": [0.953, 0.96, 0.96, 0.93],
        "EfficientNetB0 (v2)": [0.967, 0.95, 1.0, 0.96],
    }
    expected = {("EfficientNetB0 (v2)", "sensitivity", "covid"): 0.965}
    for network, (accuracy, *precisions) in rows.items():
        expected[network, "accuracy", None] = accuracy
        for label, value in zip(study.classes, precisions, strict=True):
            expected[network, "precision", label] = value
    assert found == expected


def test_published_accuracies_are_fractions_of_the_test_part(study):
    for score in study.published:
        if score.score == "accuracy":
            nearest = round(score.value * 149) / 149
            assert abs(nearest - score.value) < 1e-3, score  # rounded or truncated


def test_no_numbers_of_images_give_precision_and_recall_of_efficientnet(study):
    """The study states this as one of its choices."""
    true, false = np.arange(30)[:, None], np.arange(121)
    with np.errstate(invalid="ignore"):
        precision = true / (true + false)
    fits = (abs(precision - 0.95) < 1e-3) & (abs(true / 29 - 0.965) < 1e-3)
    assert not fits.any()


def test_settings_of_the_paper(study):
    for variant in (study, study.faithful):
        assert variant.cv.n_splits == 5
        assert variant.validation is None  # the folds have validation sets
        for name, network in variant.networks.items():
            sampler, network = split_steps(network)
            assert (sampler is not None) == name.endswith("(v2)")
            assert (network.optimizer, network.learning_rate) == ("adam", 1e-4)
            assert network.body_learning_rate == 1e-4
            assert (network.batch_size, network.max_epochs) == (8, 50)
            assert (network.image_size, network.weights) == (224, "imagenet")
            assert (network.monitor, network.keep_best) == ("valid_loss", True)
            views = network.augmentation
            assert views.rotation > 0
            assert views.shift > 0
            assert views.horizontal_flip
            assert views.vertical_flip
            assert (views.zoom, views.shear, views.noise) == (0, 0, 0)
    assert study.cv.by_patient
    assert not study.faithful.cv.by_patient
    assert not study.leaks


def test_cyclegan_of_the_paper(study):
    sampler, _ = split_steps(study.networks["VGG16 (v2)"])
    y = np.repeat(study.classes, [113, 240, 240])
    assert sampler.sampling_strategy(y) == {"covid": 213}
    generator = sampler.generator
    assert (generator.source, generator.max_iter) == ("normal", 5000)
    assert generator.max_epochs is None
    # Zhu et al. 2017
    assert (generator.width, generator.n_blocks, generator.skip) == (64, 9, False)
    assert (generator.cycle_weight, generator.identity_weight) == (10, 5)
    assert (generator.learning_rate, generator.batch_size) == (2e-4, 1)


@pytest.mark.parametrize("name", NAMES)
def test_parameters(study, name):
    _, network = split_steps(study.networks[f"{name} (v1)"])
    units = network.hidden_units
    body = on_meta(resolve_name(network.backbone))
    head = Head(body.num_features, 3, hidden_units=units)
    in_head = (body.num_features + 1) * units + (units + 1) * 3
    net = ClassificationNetwork(body, head)
    assert sum(p.numel() for p in head.parameters()) == in_head
    net.set_trainable(network.trainable)
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    total = sum(p.numel() for p in net.parameters())
    if name == "EfficientNetB0":
        # The published 5.3 million are those of the network for 1,000 classes.
        with torch.device("meta"):
            whole = timm.create_model("efficientnet_b0")
        assert round(sum(p.numel() for p in whole.parameters()) / 1e6, 1) == 5.3
        assert total == 4_007_548 + in_head  # Tan and Le 2019, without the output
        assert in_head < trained < total
        return
    millions, channels = PUBLISHED_SIZES[name]
    # Keras counts running statistics, and its ResNet50 has biases in convolutions.
    keras = KERAS_SIZES[name] + in_head
    assert round(keras / 1e6, 1) == millions
    assert total == pytest.approx(keras, rel=5e-3)
    assert body.num_features == channels
    assert trained == TRAINED[name] + in_head


def test_published_parameters_need_the_stated_hidden_units(study):
    def fits(units):
        return all(
            f"{(KERAS_SIZES[name] + (c + 1) * units + (units + 1) * 3) / 1e6:.1f}"
            == str(millions)
            for name, (millions, c) in PUBLISHED_SIZES.items()
        )

    found = [units for units in range(1, 1025) if fits(units)]
    assert f"{found[0]} to {found[-1]} units" in " ".join(study.chosen)
    assert 64 in found


def test_both_variants_run(study, radiographs):
    small = study.scaled(
        backbones=["test_resnet"],
        image_size=32,
        max_epochs=1,
        weights=None,
        max_iter=2,
        width=4,
        n_blocks=1,
        discriminator_width=4,
        n_images=3,
    )
    sampler, _ = split_steps(small.networks["test_resnet (for VGG16 (v2))"])
    assert (sampler.generator.max_epochs, sampler.generator.max_iter) == (None, 2)
    cv = FixedTestFolds(2)
    faithful = replace(small.faithful, cv=FixedTestFolds(2, by_patient=False))
    small = replace(small, cv=cv, faithful=faithful)
    patients = radiographs.groups
    for faithful in (False, True):
        results = small.run(
            radiographs.images,
            radiographs.target,
            patients,
            faithful=faithful,
            segmenter=DummyClassifier().fit([[0]], [0]),  # no network uses it
            audit=False,
            explain=False,
            verbose=0,
        )
        assert results.networks == [
            "test_resnet (for VGG16 (v1))",
            "test_resnet (for VGG16 (v2))",
        ]
        first = results.fits[0].predictions.rows
        for fit in results.fits:
            np.testing.assert_array_equal(fit.predictions.rows, first)
            assert len(fit.history["valid_loss"]) == 1
        others = np.setdiff1d(np.arange(90), first)
        assert bool(set(patients[first]) & set(patients[others])) == faithful
        joined = results.predictions(results.networks[0])
        assert len(joined) == 2 * len(first)


def test_repeated_predictions_without_patients_are_one_sample():
    parts = [
        Predictions(["covid", "normal"], ["covid", name], rows=[3, 7], fold=[fold] * 2)
        for fold, name in enumerate(["covid", "normal", "covid"])
    ]
    joined = join_predictions(parts)
    assert joined.rows.tolist() == [3, 3, 3, 7, 7, 7]
    np.testing.assert_array_equal(joined.units, joined.rows)
    assert join_predictions(parts[:1]).units is None
