"""Several backbones side by side, as an estimator."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils.estimator_checks import parametrize_with_checks

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.nets import make_backbone
from tolerances import assert_same_predictions

NAMES = "test_resnet", "test_efficientnet"


@pytest.fixture
def dual():
    def make(**parameters):
        defaults = {
            "backbone": NAMES,
            "weights": None,
            "image_size": 32,
            "pointwise_channels": 16,
            "max_epochs": 2,
            "random_state": 0,
            # "auto" depends on the processor.
            "precision": "float32",
        }
        return DualBackboneConcat(**{**defaults, **parameters})

    return make


def test_defaults_are_the_papers():
    clf = DualBackboneConcat()
    assert clf.backbone == ("xception", "resnet50v2")
    assert (clf.image_size, clf.pointwise_channels) == (300, 1024)


def test_all_other_parameters_are_those_of_a_single_network():
    single, both = CXRClassifier().get_params(), DualBackboneConcat().get_params()
    changed = {"backbone", "pointwise_channels", "image_size"}
    assert list(single) == list(both)
    assert {k: v for k, v in both.items() if k not in changed} == {
        k: v for k, v in single.items() if k not in changed
    }


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
def test_the_network_by_hand(radiographs, dual, pooling):
    """Probabilities of a fitted classifier from its parts in plain torch."""
    X, y = radiographs.images, radiographs.target
    clf = dual(pooling=pooling, image_size=48, precision="float64").fit(X, y)
    module = clf.net_.module_.eval()
    images = torch.from_numpy(X / 255.0)[:, None].repeat(1, 3, 1, 1)
    with torch.no_grad():
        maps = []
        for branch in module.backbone.branches:
            mean = torch.tensor(branch.mean, dtype=torch.float64)[:, None, None]
            std = torch.tensor(branch.std, dtype=torch.float64)[:, None, None]
            maps.append(branch.model.forward_features((images - mean) / std))
        mixed = module.head.pointwise(torch.cat(maps, 1))
        mixed = mixed.mean((2, 3)) if pooling == "mean" else mixed.flatten(1)
        logits = module.head.output(mixed).numpy()
    # The module's means and σ are those of float32.
    np.testing.assert_allclose(clf.predict_proba(X), softmax(logits, 1), atol=1e-9)


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
def test_feature_cache_features_change_nothing(radiographs, dual, pooling, precision):
    X, y = radiographs.images, radiographs.target
    settings = {
        "pooling": pooling,
        "precision": precision,
        "augmentation": Augmentation(rotation=20),
        "class_weight": "balanced",
    }
    cached = dual(**settings).fit(X, y)
    assert cached.feature_cache_ == "features"
    again = dual(**settings).fit(X, y)
    without = dual(feature_cache=None, **settings).fit(X, y)
    # Exact: features are read as they were computed, and one thread trains.
    np.testing.assert_array_equal(again.predict_proba(X), cached.predict_proba(X))
    if precision == "float64":  # the cache computes rows in another order
        assert_same_predictions(
            without.predict_proba(X), cached.predict_proba(X), precision, trained=True
        )


def test_weights_of_each_branch(radiographs, dual):
    X, y = radiographs.images, radiographs.target
    state = make_backbone("test_efficientnet", image_size=32).model.state_dict()
    clf = dual(weights=(None, state)).fit(X, y)
    one, two = clf.net_.module_.backbone.branches
    torch.testing.assert_close(dict(two.model.state_dict()), dict(state))
    other = dual(weights=(None, None)).fit(X, y)
    fresh, changed = other.net_.module_.backbone.branches
    torch.testing.assert_close(one.state_dict(), fresh.state_dict())
    assert not torch.equal(
        two.model.state_dict()["conv_stem.weight"],
        changed.model.state_dict()["conv_stem.weight"],
    )


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_survives_pickle_and_a_folder(radiographs, dual, tmp_path, trainable):
    X, y = radiographs.images, radiographs.target
    clf = dual(trainable=trainable, backbone=list(NAMES)).fit(X, y)
    expected = clf.predict_proba(X)
    for again in (
        pickle.loads(pickle.dumps(clf)),
        clf.save(tmp_path) or DualBackboneConcat.load(tmp_path),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
        again.partial_fit(X, y)


def test_files_folds_and_a_grid_over_backbones(radiograph_files, dual):
    data = radiograph_files
    grid = GridSearchCV(
        dual(feature_cache=None),
        {"backbone": [NAMES, ("test_resnet", "test_vit")], "image_size": [160]},
        cv=2,
        scoring="neg_log_loss",
        error_score="raise",
    )
    grid.fit(data.data, data.target)
    assert len(grid.cv_results_["params"]) == 2
    parallel = clone(grid).set_params(n_jobs=2).fit(data.data, data.target)
    # Exact: one thread computes a batch, and one thread trains the head.
    np.testing.assert_array_equal(
        parallel.cv_results_["mean_test_score"], grid.cv_results_["mean_test_score"]
    )
    proba = cross_val_predict(
        dual(), data.data, data.target, cv=2, method="predict_proba"
    )
    assert proba.shape == (30, 3)


def test_backbones_as_a_list_are_the_same(radiographs, dual):
    X, y = radiographs.images, radiographs.target
    clf = dual().fit(X, y).set_params(backbone=list(NAMES))
    assert clf.partial_fit(X, y).n_epochs_ == 4


@pytest.mark.parametrize("names", [NAMES, ("test_resnet", "resnet10t")])
def test_maps_of_the_branches_are_kept(radiographs, dual, names):
    X, y = radiographs.images, radiographs.target
    settings = {
        "backbone": names,
        "trainable": 2,
        "image_size": 64,
        "max_epochs": 1,
        "precision": "float64",
    }
    without = dual(feature_cache=None, **settings).fit(X, y)
    for _ in range(2):
        clf = dual(**settings).fit(X, y)
        assert clf.feature_cache_ == "maps"
        # The network whole or in two parts: sums in another order.
        assert_same_predictions(
            clf.predict_proba(X), without.predict_proba(X), "float64", trained=True
        )


def test_learns_what_two_networks_can(radiographs, dual):
    X, y = radiographs.images, radiographs.target
    clf = dual(trainable="all", max_epochs=25, learning_rate=3e-3, batch_size=10)
    # Four seeds gave 1, and guessing gives 1/3.
    assert clf.fit(X, y).score(X, y) > 0.7


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"backbone": ("test_resnet",)}, "two networks or more.*single one as a str"),
        ({"backbone": "test_resnet"}, "two networks or more.*use CXRClassifier"),
        ({"backbone": ("test_resnet", 3)}, "names of two networks"),
        ({"backbone": ("test_resnet", "resnot")}, "no network named 'resnot'"),
        ({"weights": ("imagenet",)}, "1 weights for the 2 backbones"),
        ({"weights": "a/file.pth"}, "one entry for each"),
        ({"weights": (None, "a/file.pth")}, "no file of weights"),
        ({"pooling": "max"}, "pooling"),
        ({"pointwise_channels": 0}, "pointwise_channels"),
    ],
)
def test_bad_parameters(radiographs, dual, parameters, message):
    with pytest.raises(ValueError, match=message):
        dual(**parameters).fit(radiographs.images, radiographs.target)


def test_other_backbones_need_a_new_fit(radiographs, dual):
    X, y = radiographs.images, radiographs.target
    clf = dual().fit(X, y).set_params(backbone=NAMES[::-1])
    with pytest.raises(ValueError, match=r"\['backbone'\] changed since"):
        clf.partial_fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@parametrize_with_checks(
    [
        # Without BatchNorm, full batches and float64: see the checks of CXRClassifier.
        DualBackboneConcat(
            ("test_nfnet", "test_nfnet"),
            weights=None,
            image_size=None,
            pointwise_channels=32,
            trainable="all",
            precision="float64",
            batch_size=1000,
            max_epochs=20,
            learning_rate=3e-3,
            body_learning_rate=3e-3,
            random_state=0,
        )
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
