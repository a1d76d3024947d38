"""Parameters as JSON, and back."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cxrclf import Augmentation, Optimizer
from cxrclf._estimators.json_values import decode_parameters, encode_parameters

VALUES = {
    "none": None,
    "number": 0.1,
    "text": "head",
    "sequence": ("a", (1, 2), None),
    "mapping": {"covid": 2.0, 1: "x", False: (1, 2)},
    "augmentation": Augmentation(rotation=5, zoom=(0.9, 1.1)),
    "optimizer": Optimizer("sgd", momentum=0.5, weight_decay=1e-3),
}


def test_values_come_back_as_they_were():
    encoded = json.loads(json.dumps(encode_parameters(VALUES)))
    decoded = decode_parameters(encoded)
    assert list(decoded) == list(VALUES)
    for name, value in VALUES.items():
        assert type(decoded[name]) is type(value)
        if hasattr(value, "get_params"):
            assert decoded[name].get_params() == value.get_params()
        else:
            assert decoded[name] == value


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(0.25), 0.25),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.str_("head"), "head"),
        (Path("a") / "b", str(Path("a") / "b")),
        (torch.device("cuda", 1), "cuda:1"),
        ([1, [2]], (1, (2,))),
    ],
)
def test_values_of_other_types_become_plain_ones(value, plain):
    encoded = json.loads(json.dumps(encode_parameters({"x": value})))
    decoded = decode_parameters(encoded)["x"]
    assert decoded == plain
    assert type(decoded) is type(plain)


def test_what_json_cannot_hold_is_refused_before_writing(
    radiographs, small_classifier, tmp_path
):
    clf = small_classifier(learning_rate_schedule=lambda epoch, n: 1.0, max_epochs=1)
    clf.fit(radiographs.images, radiographs.target)
    text = r"learning_rate_schedule cannot be saved .*dump, with a function that"
    with pytest.raises(ValueError, match=text):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


class Brightened(Augmentation):
    """An augmentation of a user's own."""


def test_an_augmentation_of_another_class_is_refused(
    radiographs, small_classifier, tmp_path
):
    clf = small_classifier(augmentation=Brightened(rotation=5), max_epochs=1)
    clf.fit(radiographs.images, radiographs.target)
    text = r"augmentation cannot be saved to JSON: Brightened.*use joblib\.dump\.$"
    with pytest.raises(ValueError, match=text):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_an_optimizer_of_another_class_is_refused():
    class Own(Optimizer):
        pass

    with pytest.raises(ValueError, match="optimizer cannot be saved to JSON: Own"):
        encode_parameters({"optimizer": Own()})
