"""Copies of classifiers with shuffled weights."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf.inspection import randomize_weights, saliency_maps
from tolerances import assert_same_predictions


@pytest.fixture
def fitted(radiographs, small_classifier):
    return small_classifier().fit(radiographs.images, radiographs.target)


def changed(estimator, other):
    """Return the names of the parameters that differ, all of them shuffled."""
    names = []
    own = dict(estimator.net_.module_.named_parameters())
    for name, tensor in other.net_.module_.named_parameters():
        one, two = own[name].detach().flatten(), tensor.detach().flatten()
        assert torch.equal(one.sort().values, two.sort().values)
        if not torch.equal(one, two):
            names.append(name)
        else:
            assert one.unique().numel() < 4 or "head" not in name
    return names


def test_all_weights_are_shuffled_and_buffers_stay(fitted):
    random = randomize_weights(fitted)
    names = changed(fitted, random)
    different = [
        name
        for name, tensor in fitted.net_.module_.named_parameters()
        if tensor.unique().numel() > 8
    ]
    assert set(different) <= set(names)
    buffers = dict(random.net_.module_.named_buffers())
    for name, tensor in fitted.net_.module_.named_buffers():
        assert torch.equal(tensor, buffers[name])


def test_layers_are_counted_from_the_output(fitted):
    stages = fitted.net_.module_._stages
    n = len(stages)
    names = [changed(fitted, randomize_weights(fitted, k)) for k in range(n + 1)]
    assert all(name.startswith("head") for name in names[0])
    assert changed(fitted, randomize_weights(fitted, "head")) == names[0]
    assert changed(fitted, randomize_weights(fitted)) == names[-1]
    for fewer, more in itertools.pairwise(names):
        assert set(fewer) < set(more)
    last = {p for module in stages[-1] for p in module.parameters(recurse=False)}
    own = dict(fitted.net_.module_.named_parameters())
    assert all(own[name] in last for name in set(names[1]) - set(names[0]))


def test_more_layers_leave_the_random_weights_of_the_others(fitted):
    head = randomize_weights(fitted, "head").net_.module_.head.state_dict()
    whole = randomize_weights(fitted).net_.module_.head.state_dict()
    other = randomize_weights(fitted, random_state=1).net_.module_.head.state_dict()
    for name, tensor in head.items():
        assert torch.equal(tensor, whole[name])
    assert not torch.equal(whole["output.weight"], other["output.weight"])


def test_estimator_and_global_state_do_not_change(fitted, radiographs):
    state = copy.deepcopy(fitted.net_.module_.state_dict())
    before = torch.get_rng_state()
    expected = fitted.predict_proba(radiographs.images)
    random = randomize_weights(fitted)
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in fitted.net_.module_.state_dict().items():
        assert torch.equal(tensor, state[name])
    # The same network in the same batches.
    np.testing.assert_array_equal(fitted.predict_proba(radiographs.images), expected)
    assert np.abs(random.predict_proba(radiographs.images) - expected).max() > 0.01


@pytest.mark.parametrize("trainable", ["all", "head", 1])
def test_no_cache_answers_for_the_copy(radiographs, small_classifier, trainable):
    classifier = small_classifier(trainable=trainable)
    classifier.fit(radiographs.images, radiographs.target)
    random = randomize_weights(classifier)
    found = random.predict_proba(radiographs.images)
    again = pickle.loads(pickle.dumps(random))
    pixels = torch.from_numpy(radiographs.images).unsqueeze(1)
    expected = again.net_.predict_proba(pixels)
    assert np.abs(found - classifier.predict_proba(radiographs.images)).max() > 0.01
    assert_same_predictions(found, expected, "float32", trained=False)


@pytest.mark.parametrize(
    "backbone", ["test_resnet", "densenet121", "mobilenetv3_small_050", "test_vit"]
)
def test_outputs_and_maps_stay_finite(radiographs, backbone):
    size = None if backbone == "test_vit" else 64
    classifier = CXRClassifier(
        backbone, weights=None, image_size=size, max_epochs=1, random_state=0
    ).fit(radiographs.images[:8], radiographs.target[:8])
    for seed in range(2):
        random = randomize_weights(classifier, random_state=seed)
        assert np.isfinite(random.predict_proba(radiographs.images[:4])).all()
        assert np.isfinite(saliency_maps(random, radiographs.images[:4])).all()


def test_several_backbones_and_wrappers(radiographs):
    dual = DualBackboneConcat(
        ("test_resnet", "test_resnet"),
        weights=None,
        image_size=32,
        max_epochs=1,
        random_state=0,
    )
    pipeline = make_pipeline(FunctionTransformer(), dual)
    pipeline.fit(radiographs.images[:8], radiographs.target[:8])
    random = randomize_weights(pipeline)
    names = changed(pipeline[-1], random[-1])
    for start in ("head", "backbone.branches.0", "backbone.branches.1"):
        assert any(name.startswith(start) for name in names)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layers": 7}, "a number of stages from 0 to 5.* got 7"),
        ({"layers": "body"}, "got 'body'"),
        ({"layers": True}, "got True"),
        ({"random_state": -1}, "random_state must be an int, 0 or more"),
    ],
)
def test_bad_input(fitted, parameters, message):
    with pytest.raises(ValueError, match=message):
        randomize_weights(fitted, **parameters)
