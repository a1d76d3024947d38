"""The study of Punn and Agarwal is what their text and tables state."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from cxrclf._training.weights import SampleWeights
from cxrclf.datasets import make_chest_radiographs
from cxrclf.nets import ClassificationNetwork, Head, SwitchableNorm2d, make_backbone
from cxrclf.preprocessing import ArtifactMask
from cxrclf.studies._plan_folds import plan_folds
from cxrclf.studies._punn2020 import make_punn2020
from cxrclf.studies._study_labels import choose_classes

NAMES = [
    "Baseline ResNet",
    "Inception-v3",
    "Inception ResNet-v2",
    "DenseNet169",
    "NASNetLarge",
]
Y = np.repeat(["covid", "normal", "pneumonia", "tuberculosis"], [108, 533, 515, 58])
# Table 2: training, validation and test images.
TABLE_2 = {
    "2 classes": {"covid": (88, 9, 11), "other": (906, 90, 110)},
    "3 classes": {
        "covid": (88, 9, 11),
        "normal": (437, 44, 52),
        "pneumonia or tuberculosis": (469, 46, 58),
    },
    "4 classes": {
        "covid": (88, 9, 11),
        "normal": (437, 44, 52),
        "pneumonia": (422, 41, 52),
        "tuberculosis": (47, 5, 6),
    },
}


@pytest.fixture(scope="module")
def study():
    return make_punn2020()


def apply(scheme):
    return np.array([scheme[name] for name in Y.tolist()])


@pytest.mark.parametrize("scheme", TABLE_2)
def test_faithful_folds_have_the_sizes_of_table_2(study, scheme):
    y = apply(study.faithful.schemes[scheme])
    folds = list(study.faithful.cv.split(None, y))
    assert len(folds) == 4
    for train, test, valid in folds:
        assert (len(train), len(valid), len(test)) == (994, 99, 121)
        counts = [Counter(y[rows].tolist()) for rows in (train, valid, test)]
        assert {
            name: tuple(part[name] for part in counts) for name in counts[0]
        } == TABLE_2[scheme]


@pytest.mark.parametrize(
    ("scheme", "n_train"),
    # Table 2 has 1920 for 2 classes, with 960 instead of its own 906 images.
    [("2 classes", 1812), ("3 classes", 1407), ("4 classes", 1748)],
)
def test_oversampling_has_the_sizes_of_table_2(study, scheme, n_train):
    y = apply(study.faithful.schemes[scheme])
    train, *_ = next(study.faithful.cv.split(None, y))
    sampler = study.networks["NASNetLarge oversampled"].named_steps["oversample"]
    _, resampled = sampler.fit_resample([f"{row}.png" for row in train], y[train])
    assert len(resampled) == n_train
    assert len(set(Counter(resampled).values())) == 1


@pytest.mark.parametrize("faithful", [False, True])
def test_settings_of_the_networks(study, faithful):
    networks = (study.faithful if faithful else study).networks
    assert list(networks) == [
        f"{n} {s}" for n in NAMES for s in ("weighted", "oversampled")
    ]
    for name, network in networks.items():
        weighted = name.endswith("weighted")
        classifier = network if weighted else network.named_steps["classify"]
        baseline = name.startswith("Baseline")
        expected = {
            "augmentation": None,
            "batch_size": 10,
            "class_weight": "balanced" if weighted else None,
            "early_stopping": True,
            "hidden_units": None if baseline else 128,
            "image_size": 331,
            "monitor": "valid_loss",
            "optimizer": "adam",
            "trainable": "all" if baseline else 1,
            "weights": None if baseline else "imagenet",
        }
        params = classifier.get_params()
        assert {key: params[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        # w(c) = Σn / (N n_c) for the training sets of Table 2, and for the images of
        # the RSNA challenge with 180 COVID-19 images.
        ([88, 906], [5.648, 0.549]),
        ([88, 437, 469], [3.765, 0.758, 0.706]),
        ([88, 437, 422, 47], [2.824, 0.569, 0.589, 5.287]),
        ([180, 8851, 6012], [27.857, 0.567, 0.834]),
    ],
)
def test_class_weights_of_equation_1(study, counts, weights):
    classifier = study.networks["NASNetLarge weighted"]
    y = np.repeat(np.arange(len(counts)), counts)
    factors = SampleWeights(
        labels=y, classes=np.unique(y), class_weight=classifier.class_weight
    ).at(np.arange(len(y)))
    first_rows = np.cumsum([0, *counts[:-1]])
    assert np.round(factors[first_rows], 3).tolist() == weights


def test_baseline_has_switchable_normalization(study):
    with torch.device("meta"):
        backbone = make_backbone(study.networks["Baseline ResNet weighted"].backbone)
    norms = [m for m in backbone.modules() if "Norm" in type(m).__name__]
    assert [type(norm) for norm in norms] == [SwitchableNorm2d] * 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_pretrained", "n_last_stage", "printed"),
    [
        # Parameters with the 1,000 ImageNet classes, parameters of the last stage, and
        # millions of parameters in Table 3 of the paper.
        ("Inception-v3", 23_834_568, 6_076_800, 23.6),
        ("Inception ResNet-v2", 55_843_464, 5_233_376, 56),
        ("DenseNet169", 14_149_480, 5_916_928, 17.8),
        ("NASNetLarge", 88_753_150, 10_054_464, 22.6),
    ],
)
def test_parameters(study, name, n_pretrained, n_last_stage, printed):
    classifier = study.networks[f"{name} weighted"]
    with torch.device("meta"):  # no weights are drawn
        backbone = make_backbone(classifier.backbone)
        head = Head(backbone.num_features, 3, hidden_units=classifier.hidden_units)
    n_backbone = sum(p.numel() for p in backbone.parameters())
    assert n_backbone + 1000 * (backbone.num_features + 1) == n_pretrained
    # Table 3 has other networks of the last two families. The conclusion of the paper
    # has 83 million for NASNetLarge.
    agrees = abs(n_pretrained / 1e6 / printed - 1) < 0.02
    assert agrees == (name in ("Inception-v3", "Inception ResNet-v2"))
    network = ClassificationNetwork(backbone, head)
    network.set_trainable(classifier.trainable)
    trained = [p for p in network.parameters() if p.requires_grad]
    # 128 units and 3 outputs, with biases.
    n_head = 128 * (backbone.num_features + 1) + 3 * (128 + 1)
    assert sum(p.numel() for p in trained) == n_last_stage + n_head


def test_mask_of_the_preprocessing_is_a_threshold(study):
    inpainter = study.preprocessing[0]
    images = np.random.default_rng(0).integers(0, 256, (2, 331, 331), dtype=np.uint8)
    mask = inpainter.artifact_mask.fit_transform(images)
    assert isinstance(inpainter.artifact_mask, ArtifactMask)
    assert np.array_equal(mask > 0, images >= 0.98 * 255)


def test_preprocessing_works_on_each_image_alone(study):
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 40), dtype=np.uint8)
    images[:, 5:9, 5:20] = 255
    together = study.preprocessing.fit_transform(images)
    alone = [study.preprocessing.fit_transform(image[None])[0] for image in images]
    assert np.array_equal(together, alone)  # integers
    assert together[:, 5:9, 5:20].max() < 255


def test_leaks_are_in_the_faithful_variant_only(study):
    patients = np.arange(len(Y)) // 3
    assert study.leaks == ()
    folds = plan_folds(study, None, Y, patients, None)
    assert len(folds) == 4
    for fold in folds:
        parts = [set(patients[rows]) for rows in fold]
        assert len(set.union(*parts)) == sum(map(len, parts))
        # A tenth of the patients, who are not tested.
        assert len(parts[2]) == pytest.approx(0.1 * len(parts[0] | parts[2]), abs=1)
    assert len(study.faithful.leaks) == 1
    for train, test, valid in plan_folds(study.faithful, None, Y, patients, None):
        assert set(patients[train]) & set(patients[test])
        assert set(patients[train]) & set(patients[valid])
        assert not set(test) & set(valid)


@pytest.mark.parametrize("faithful", [False, True])
def test_small_study_runs(study, faithful, tmp_path):
    data = make_chest_radiographs(
        80, classes=study.classes, image_size=32, random_state=0
    )
    small = study.scaled(
        backbones=["residual_baseline", "test_resnet"],
        image_size=32,
        max_epochs=1,
        weights=None,
        log_dir=tmp_path,
    )
    faithful_folds = clone(small.faithful.cv).set_params(n_splits=2)
    small = replace(
        small,
        cv=2,
        validation=0.2,
        faithful=replace(small.faithful, cv=faithful_folds),
    )
    networks = [name for name in small.networks if "Baseline" not in name]
    assert networks == [
        "test_resnet (for Inception-v3 weighted)",
        "test_resnet (for Inception-v3 oversampled)",
    ]
    results = small.run(
        data.images,
        data.target,
        data.groups,
        networks=networks,
        faithful=faithful,
        scheme="3 classes",
        audit=False,
        explain=False,
        verbose=0,
    )
    assert [fit.fold for fit in results.fits] == [1, 2, 1, 2]
    for fit in results.fits:
        assert list(fit.predictions.classes) == list(TABLE_2["3 classes"])
        assert len(fit.history["valid_loss"]) == 1
    assert len(results.compare()) == 4 * 6  # networks and scores
    assert len(list(tmp_path.rglob("events.out.tfevents.*"))) >= 4  # TensorBoard


def test_tuberculosis_is_needed_for_4_classes_only(study):
    y = np.array(["covid", "normal", "pneumonia"])
    labels, kept, _ = choose_classes(study, y, None, "2 classes")
    assert labels.tolist() == ["covid", "other", "other"]
    labels, kept, _ = choose_classes(study, y, None, "3 classes")
    assert labels.tolist() == ["covid", "normal", "pneumonia or tuberculosis"]
    assert kept.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"needs .*: \['tuberculosis'\] missing"):
        choose_classes(study, y, None, "4 classes")


def test_descriptions_are_complete(study):
    for variant in (study, study.faithful):
        assert variant.name == "punn2020"
        assert list(variant.schemes) == list(TABLE_2)
        for scheme, classes in TABLE_2.items():
            assert set(variant.schemes[scheme]) == set(variant.classes)
            assert set(variant.schemes[scheme].values()) == set(classes)
        assert list(variant.protocol) == [
            "data",
            "preprocessing",
            "networks",
            "imbalance",
            "training",
            "folds",
            "metrics",
        ]
        assert {score.network for score in variant.published} == set(variant.networks)
        assert {score.scheme for score in variant.published} == set(variant.schemes)
