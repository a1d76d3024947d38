"""Optimizers against formulas written out in NumPy."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from cxrclf import Optimizer


class TwoParts(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
        self.head = torch.nn.Linear(3, 2)
        self.double()

    def body_parameters(self):
        return self.body.parameters()

    def head_parameters(self):
        return self.head.parameters()


def optimizer_of(module, name="adam", **changes):
    rates = {"learning_rate": 1e-2, "body_learning_rate": 1e-3}
    rates |= {rate: changes.pop(rate) for rate in tuple(rates) if rate in changes}
    settings = {"weight_decay": 0.1, "momentum": 0.9, **changes}
    return Optimizer(name, **settings).make(module, **rates)


def test_parameter_groups_have_their_rates_and_decays():
    module = TwoParts()
    groups = optimizer_of(module).param_groups
    found = {
        id(p): (group["lr"], group["weight_decay"])
        for group in groups
        for p in group["params"]
    }
    linear, norm = module.body
    assert found[id(linear.weight)] == (1e-3, 0.1)
    assert found[id(linear.bias)] == found[id(norm.weight)] == (1e-3, 0.0)
    assert found[id(module.head.weight)] == (1e-2, 0.1)
    assert found[id(module.head.bias)] == (1e-2, 0.0)
    assert len(found) == 6
    everything = optimizer_of(module, decay_bias_and_norm=True).param_groups
    assert {group["weight_decay"] for group in everything} == {0.1}


def test_frozen_parameters_are_left_out():
    module = TwoParts()
    module.body.requires_grad_(False)
    groups = optimizer_of(module).param_groups
    assert sum(len(group["params"]) for group in groups) == 2


def keras2_nadam(w, gradients, lr, b1=0.9, b2=0.999, eps=1e-7, decay=0.004):
    """Transcribe keras.optimizers.Nadam of Keras 2.3 (schedule_decay=0.004)."""
    m = v = np.zeros_like(w)
    product = 1.0
    for t, g in enumerate(gradients, start=1):
        mu_t = b1 * (1 - 0.5 * 0.96 ** (t * decay))
        mu_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * decay))
        product *= mu_t
        g_prime = g / (1 - product)
        m = b1 * m + (1 - b1) * g
        m_prime = m / (1 - product * mu_next)
        v = b2 * v + (1 - b2) * g**2
        v_prime = v / (1 - b2**t)
        m_bar = (1 - mu_t) * g_prime + mu_next * m_prime
        w = w - lr * m_bar / (np.sqrt(v_prime) + eps)
    return w


def test_nadam_is_that_of_keras_2():
    module = TwoParts()
    optimizer = optimizer_of(module, "nadam", weight_decay=0.0)
    weight = module.head.weight
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(30, *weight.shape))
    expected = keras2_nadam(weight.detach().numpy(), gradients, lr=1e-2)
    for gradient in gradients:
        weight.grad = torch.from_numpy(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), expected, atol=1e-10)


def test_sgd_has_momentum_and_l2():
    module = TwoParts()
    optimizer = optimizer_of(module, "sgd", momentum=0.5)
    weight = module.head.weight
    w, velocity = weight.detach().numpy().copy(), 0
    for _ in range(3):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        velocity = 0.5 * velocity + 1 + 0.1 * w
        w = w - 1e-2 * velocity
    np.testing.assert_allclose(weight.detach().numpy(), w, rtol=1e-12)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_numpy_settings_leave_a_state_that_can_be_read_back(name, tmp_path):
    settings = ("learning_rate", "body_learning_rate", "weight_decay", "momentum")
    changes = dict.fromkeys(settings, np.float64(0.1))
    state = optimizer_of(TwoParts(), name, **changes).state_dict()
    torch.save(state, tmp_path / "state")
    assert torch.load(tmp_path / "state", weights_only=True) == state


def test_numpy_settings_are_made_plain_numbers_for_every_optimizer():
    module = TwoParts()
    for name in Optimizer.names:
        groups = optimizer_of(module, name, weight_decay=np.float32(0.5)).param_groups
        assert {type(group["weight_decay"]) for group in groups} == {float}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"name": "adagrad"}, "'name' parameter of Optimizer"),
        ({"weight_decay": -1e-3}, "weight_decay"),
        ({"momentum": 1.0}, "momentum"),
        ({"decay_bias_and_norm": "no"}, "decay_bias_and_norm"),
    ],
)
def test_bad_parameters_are_named(parameters, message, radiographs, small_classifier):
    optimizer = Optimizer(**parameters)
    with pytest.raises(ValueError, match=message):
        optimizer.check_params()
    with pytest.raises(ValueError, match=message):
        small_classifier(optimizer=optimizer).fit(
            radiographs.images, radiographs.target
        )


def test_a_grid_reaches_its_parameters(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(optimizer=Optimizer("sgd"), learning_rate=0.1)
    decays = [0.0, 0.5]
    grid = GridSearchCV(
        clf, {"optimizer__weight_decay": decays}, cv=2, scoring="neg_log_loss"
    ).fit(X, y)
    scores = grid.cv_results_["mean_test_score"]
    assert scores[0] != scores[1]
    assert grid.best_estimator_.optimizer.weight_decay == decays[np.argmax(scores)]
    groups = grid.best_estimator_.net_.optimizer_.param_groups
    assert (
        max(group["weight_decay"] for group in groups)
        == grid.best_params_["optimizer__weight_decay"]
    )
    assert clf.optimizer.weight_decay == 0  # the grid trains clones


def test_a_grid_reaches_its_parameters_behind_a_name(small_classifier):
    clf = small_classifier(optimizer="sgd")
    clf.set_params(optimizer__momentum=0.5, learning_rate=0.1)
    assert clf.optimizer.get_params() == Optimizer("sgd", momentum=0.5).get_params()
    assert clf.learning_rate == 0.1
    clf.set_params(optimizer="adamw", optimizer__weight_decay=0.1)
    assert clf.optimizer.name == "adamw"
    # An Optimizer keeps its other settings.
    clf.set_params(optimizer__decay_bias_and_norm=True)
    assert clf.optimizer.weight_decay == 0.1
    with pytest.raises(ValueError, match="Invalid parameter 'weight'"):
        small_classifier().set_params(optimizer__weight=1)


def test_a_name_is_the_optimizer_with_its_defaults(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    # Exact: the same training, in which one thread computes each layer.
    one, other = (
        small_classifier(optimizer=optimizer).fit(X, y)
        for optimizer in ("sgd", Optimizer("sgd"))
    )
    assert one.history_["train_loss"] == other.history_["train_loss"]


def test_a_changed_parameter_begins_a_new_optimizer(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(optimizer=Optimizer("sgd", momentum=0.5)).fit(X, y)
    first = clf.net_.optimizer_
    clf.partial_fit(X, y)
    assert clf.net_.optimizer_ is first
    clf.set_params(optimizer__momentum=0.8).partial_fit(X, y)
    second = clf.net_.optimizer_
    assert second is not first
    assert {group["momentum"] for group in second.param_groups} == {0.8}
    clf.set_params(optimizer=Optimizer("sgd", momentum=0.8)).partial_fit(X, y)
    assert clf.net_.optimizer_ is second  # equal parameters
    assert clf.n_epochs_ == 8


def test_it_is_saved_and_pickled_with_an_estimator(
    radiographs, small_classifier, tmp_path
):
    optimizer = Optimizer("sgd", momentum=0.25, weight_decay=1e-3)
    clf = small_classifier(optimizer=optimizer)
    clf.fit(radiographs.images, radiographs.target).save(tmp_path)
    for copy in (type(clf).load(tmp_path), pickle.loads(pickle.dumps(clf)), clone(clf)):
        assert isinstance(copy.optimizer, Optimizer)
        assert copy.optimizer is not optimizer
        assert copy.optimizer.get_params() == optimizer.get_params()
    loaded = type(clf).load(tmp_path)
    assert {group["momentum"] for group in loaded.net_.optimizer_.param_groups} == {
        0.25
    }
