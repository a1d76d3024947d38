"""A study checks its parameters, and nobody can change it."""

import copy
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import StratifiedKFold

from cxrclf.preprocessing import CLAHE
from cxrclf.studies import PublishedScore, Study, _study

NETWORKS = {"Constant": DummyClassifier()}


@pytest.fixture
def study(small_net):
    return Study(
        "own",
        {"VGG16": small_net(), "Constant": DummyClassifier()},
        schemes={"2 classes": {"covid": "covid", "normal": "other"}},
        preprocessing=CLAHE(),
        protocol={"folds": "5 folds"},
        chosen=["The seed."],
        published=[("VGG16", "accuracy", 0.9)],
        faithful=Study("own", {"VGG16": small_net()}, leaks=["Copies."]),
    )


def test_changes_of_what_a_study_returns_do_not_change_it(study):
    study.networks["VGG16"].set_params(max_epochs=99)
    assert study.networks["VGG16"].max_epochs == 1
    with pytest.raises(FrozenInstanceError):
        study.cv = 10
    for mapping in (study.networks, study.schemes, study.schemes["2 classes"]):
        with pytest.raises(TypeError, match="item assignment"):
            mapping["new"] = None
    assert study.published == (PublishedScore("VGG16", "accuracy", 0.9),)
    assert study.chosen == ("The seed.",)


def test_a_study_does_not_share_networks_with_its_maker(small_net):
    net = small_net()
    study = Study("own", {"net": net})
    net.set_params(max_epochs=99)
    assert study.networks["net"].max_epochs == 1


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))]
)
def test_copies_are_whole(study, copied):
    found = copied(study)
    assert str(found) == str(study)
    assert found.schemes == study.schemes
    assert found.faithful.leaks == ("Copies.",)
    with pytest.raises(TypeError, match="item assignment"):
        found.protocol["new"] = ""


def test_scaled_returns_a_new_study(study):
    scaled = study.scaled(backbones=["test_vit"], max_epochs=3)
    name = "test_vit (for VGG16)"
    assert list(scaled.networks) == [name, "Constant"]
    assert scaled.networks[name].max_epochs == 3
    assert scaled.networks[name].backbone == "test_vit"
    assert scaled.published == (PublishedScore(name, "accuracy", 0.9),)
    assert list(scaled.faithful.networks) == [name]
    assert scaled.faithful.networks[name].max_epochs == 3
    assert scaled.chosen == study.chosen
    assert study.networks["VGG16"].backbone == "test_resnet"
    assert study.networks["VGG16"].max_epochs == 1


def test_scaled_leaves_the_preprocessing_of_the_study(small_net):
    study = Study("own", {"VGG16": small_net()}, preprocessing=CLAHE(clip_limit=0.03))
    assert study.scaled(clip_limit=0.5).preprocessing.clip_limit == 0.5
    assert study.preprocessing.clip_limit == 0.03


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"name": ""}, ValueError, "name of a study must be text"),
        ({"name": 3}, ValueError, "name of a study must be text"),
        ({"cv": 1}, ValueError, "2 or more folds, got 1"),
        ({"cv": True}, TypeError, "number of folds, or an object with split"),
        ({"cv": "5"}, TypeError, "number of folds, or an object with split"),
        ({"validation": 1.0}, ValueError, "fraction between 0 and 1"),
        ({"validation": "train"}, ValueError, "fraction between 0 and 1"),
        ({"classes": "covid"}, TypeError, "sequence of texts, got 'covid'"),
        ({"leaks": "Copies."}, TypeError, "sequence of texts"),
        ({"networks": {}}, ValueError, "one network at least"),
        ({"networks": {"a": RandomForestRegressor()}}, TypeError, "'a' must be a clas"),
    ],
)
def test_invalid_parameters_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        Study(**{"name": "own", "networks": NETWORKS} | parameters)


def test_a_splitter_and_a_fraction_are_accepted():
    study = Study("own", NETWORKS, StratifiedKFold(3), validation=np.float64(0.2))
    assert study.cv.get_n_splits() == 3


def test_the_text_describes_the_study(study):
    text = str(study)
    for part in ("VGG16", "Constant", "5 folds", "The seed.", "Copies.", "2 classes"):
        assert part in text
    assert repr(study) == "<Study 'own': VGG16, Constant>"


@pytest.mark.parametrize("faithful", [False, True])
def test_run_passes_the_chosen_variant_and_all_arguments(study, monkeypatch, faithful):
    calls = []
    monkeypatch.setattr(
        _study, "run_study", lambda *values, **options: calls.append((values, options))
    )
    study.run("X", "y", "groups", faithful=faithful, networks=["VGG16"], n_jobs=2)
    (((run, *data), options),) = calls
    assert run is (study.faithful if faithful else study)
    assert data == ["X", "y", "groups"]
    assert options["networks"] == ["VGG16"]
    assert options["n_jobs"] == 2
    assert options["faithful"] is faithful


def test_a_missing_faithful_variant_is_an_error():
    with pytest.raises(ValueError, match="'own' has no faithful variant"):
        Study("own", NETWORKS).run([], [], faithful=True)
