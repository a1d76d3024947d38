"""The study of Rahimzadeh and Attar is what their text and tables state."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone

from cxrclf.datasets import make_chest_radiographs
from cxrclf.nets import make_backbone
from cxrclf.sampling import PhasedClassifier
from cxrclf.studies._plan_folds import plan_folds
from cxrclf.studies._rahimzadeh2020 import make_rahimzadeh2020

DATA = Path(__file__).parents[1] / "metrics" / "data"
NETWORKS = ["Xception", "ResNet50V2", "Concatenated"]


@pytest.fixture(scope="module")
def study():
    return make_rahimzadeh2020()


def test_published_scores_are_the_printed_means(study):
    # The table in the tests of the metrics is another transcription of Table 4, which
    # is compared with the counts of Table 3 there.
    lines = (
        (DATA / "rahimzadeh2020_scores.csv").read_text(encoding="utf-8").splitlines()
    )
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    printed = {
        (
            line["network"],
            line["score"],
            float(line["printed"]),
            None if line["class"] == "all" else line["class"],
        )
        for line in table
        if line["fold"] == "mean"
    }
    scores = [(s.network, s.score, 100 * s.value, s.label) for s in study.published]
    assert len(scores) == 39
    assert {(*s[:2], round(s[2], 6), s[3]) for s in scores} == printed


@pytest.mark.parametrize("faithful", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_settings_of_table_2(study, name, faithful):
    phased = (study.faithful if faithful else study).networks[name]
    assert isinstance(phased, PhasedClassifier)
    assert phased.schedule == "continuous"  # weights and optimizer carry on
    params = phased.estimator.get_params()
    views = params["augmentation"]
    assert (views.rotation, views.shift, views.shear, views.zoom) == (
        180,
        0.05,
        0.05,
        0.05,
    )
    assert views.horizontal_flip
    assert views.vertical_flip
    expected = {
        "batch_size": 20 if name == "Concatenated" else 30,
        "body_learning_rate": 1e-4,
        "class_weight": None,
        "image_size": 300,
        "learning_rate": 1e-4,
        "learning_rate_schedule": "constant",
        "max_epochs": 100,
        "monitor": "valid_accuracy",
        "normalization": "unit",
        "optimizer": "nadam",
        "pointwise_channels": 1024 if name == "Concatenated" else None,
        "trainable": "all",
        "weights": "imagenet",
    }
    assert {key: params[key] for key in expected} == expected


def test_feature_maps_have_the_published_size(study):
    names = study.networks["Concatenated"].estimator.backbone
    assert list(names) == NETWORKS[:2]
    with torch.device("meta"):  # shapes only
        branches = [make_backbone(name, image_size=300) for name in names]
        images = torch.zeros(1, 3, 300, 300)
        assert [tuple(net.eval()(images).shape) for net in branches] == [
            (1, 2048, 10, 10)
        ] * 2


def test_phases_of_the_published_data_set(study):
    y = np.repeat(["covid", "normal", "pneumonia"], [180, 8851, 6054])
    phased = study.faithful.networks["Xception"]
    for number, (train, *_) in enumerate(study.faithful.cv.split(None, y), start=1):
        plan = phased.split.plan(y[train])
        n_covid = 150 if number == 3 else 149
        assert plan.n_phases == 8
        assert plan.phase_size == n_covid + 34 + 200 + 250
        assert plan.n_used == len(train) == n_covid + 1634 + 2000
        phases = [
            Counter(y[train][rows]) for rows in phased.split.split(None, y[train])
        ]
        assert phases == [{"covid": n_covid, "normal": 250, "pneumonia": 234}] * 8


def test_leaks_are_in_the_faithful_variant_only(study):
    y = np.repeat(["covid", "normal", "pneumonia"], [90, 800, 800])
    patients = np.arange(len(y)) // 3
    assert study.leaks == ()
    for fold in plan_folds(study, None, y, patients, None):
        parts = [set(patients[rows]) for rows in fold]
        assert len(set.union(*parts)) == sum(map(len, parts))
        # A tenth of the patients, who are not tested.
        assert len(parts[2]) == pytest.approx(0.1 * len(parts[0] | parts[2]), abs=1)
    assert len(study.faithful.leaks) == 2
    for train, test, valid in plan_folds(study.faithful, None, y, patients, None):
        assert set(patients[train]) & set(patients[test])
        assert set(valid) <= set(test)


@pytest.mark.parametrize("faithful", [False, True])
def test_small_study_runs(study, faithful):
    data = make_chest_radiographs(120, weights=[1, 3, 3], image_size=32, random_state=0)
    small = study.scaled(
        backbones=["test_resnet", "test_efficientnet"],
        image_size=32,
        max_epochs=1,
        n_phases=2,
        weights=None,
    )
    faithful_folds = clone(small.faithful.cv).set_params(tested=(60, 60))
    small = replace(
        small,
        cv=clone(small.cv).set_params(n_splits=2),
        validation=0.2,
        faithful=replace(small.faithful, cv=faithful_folds),
    )
    name = "test_resnet + test_efficientnet (for Concatenated)"
    results = small.run(
        data.images,
        data.target,
        data.groups,
        networks=[name],
        faithful=faithful,
        audit=False,
        explain=False,
        verbose=0,
    )
    assert [fit.fold for fit in results.fits] == [1, 2]
    for fit in results.fits:
        assert fit.history["phase"] == [1, 2]
        assert fit.details["phases"].startswith("2 phases of ")
        assert fit.counts["valid"].keys() == fit.counts["train"].keys()
    assert len(results.compare()) == 39  # scores of three networks


def test_descriptions_are_complete(study):
    for variant in (study, study.faithful):
        assert variant.name == "rahimzadeh2020"
        assert list(variant.networks) == NETWORKS
        assert list(variant.protocol) == [
            "data",
            "preprocessing",
            "networks",
            "imbalance",
            "training",
            "folds",
            "metrics",
        ]
        assert {score.network for score in variant.published} == set(NETWORKS)
        assert {score.label for score in variant.published} == {None, *variant.classes}
