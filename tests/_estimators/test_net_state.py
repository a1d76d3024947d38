"""A net as arrays, and back."""

import pickle

import joblib
import numpy as np
import pytest
import torch

from cxrclf import Augmentation
from cxrclf._estimators.net_state import net_state, restore_net_state


@pytest.fixture
def fitted(radiograph_files, small_classifier):
    clf = small_classifier(
        augmentation=Augmentation(rotation=5, zoom=(0.9, 1.1)),
        class_weight={"covid": 2.0},
    )
    return clf.fit(radiograph_files.data, radiograph_files.target)


def test_the_pickle_holds_arrays_and_no_torch_objects(fitted):
    state = fitted.__getstate__()["net_"]
    assert all(isinstance(v, np.ndarray) for v in state["module"].values())
    assert b"torch" not in pickle.dumps(state)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "sgd"])
@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_memory_map_is_left_behind(
    optimizer, trainable, radiographs, small_classifier, tmp_path
):
    """It is read-only, and an optimiser that writes into it ends the process."""
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(optimizer=optimizer, trainable=trainable, feature_cache=None)
    joblib.dump(clf.fit(X, y), tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    (tmp_path / "model.joblib").write_bytes(b"")  # nothing refers to it any more
    tensors = [*again.net_.module_.state_dict().values()]
    for state in again.net_.optimizer_.state.values():
        tensors += state.values()
    for tensor in tensors:
        tensor.mul_(1)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    for estimator in (clf, again):
        estimator.partial_fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    again.set_params(warm_start=True).fit(X, y)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "sgd"])
def test_module_and_optimizer_come_back(optimizer, radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    net = small_classifier(optimizer=optimizer).fit(X, y).net_
    arrays = net_state(net)
    other = small_classifier(optimizer=optimizer, random_state=1).fit(X, y).net_
    assert restore_net_state(other, arrays) is other
    for name, tensor in net.module_.state_dict().items():
        assert torch.equal(other.module_.state_dict()[name], tensor)
    before, after = net.optimizer_.state_dict(), other.optimizer_.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for number, moments in before["state"].items():
        for name, value in moments.items():
            restored = after["state"][number][name]
            if isinstance(value, torch.Tensor):
                assert torch.equal(restored, value)
                assert restored.stride() == value.stride()
            else:
                assert restored == value
