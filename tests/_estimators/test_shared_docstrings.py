"""Parameters of the same name have the same description in every estimator."""

import inspect
import re

import pytest

from cxrclf import CXRClassifier, DualBackboneConcat, UNetSegmenter

# Their meaning depends on the estimator: on its head, its cache, its default size.
OWN = {
    "augmentation",
    "body_learning_rate",
    "cache_dir",
    "compile",
    "head_epochs",
    "image_size",
    "learning_rate",
    "max_epochs",
    "monitor",
    "precision",
    "trainable",
    "validation_fraction",
    "weights",
}


def parameters(cls):
    """Return the parameters of a constructor, by name."""
    found = dict(inspect.signature(cls.__init__).parameters)
    del found["self"]
    return found


def descriptions(cls):
    """Return the type and the text of each parameter in a docstring, by name."""
    doc = inspect.getdoc(cls)
    section = doc[doc.index("Parameters\n---") : doc.index("Attributes\n---")]
    section = section.replace("\\\n", "")
    found = {}
    for match in re.finditer(
        r"^(\w+) : (.*(?:\n +default=.*)?)\n((?:    .*\n?)+)", section, re.M
    ):
        name, kind, text = match.groups()
        found[name] = " ".join(kind.split()), " ".join(text.split())
    return found


@pytest.mark.parametrize("cls", [CXRClassifier, UNetSegmenter])
def test_every_parameter_is_described_in_order_with_its_default(cls):
    described = descriptions(cls)
    assert list(described) == list(parameters(cls))
    for name, parameter in parameters(cls).items():
        default = described[name][0].rpartition("default=")[2]
        assert eval(default) == parameter.default, name


def test_shared_parameters_have_one_description():
    classifier, segmenter = descriptions(CXRClassifier), descriptions(UNetSegmenter)
    shared = (classifier.keys() & segmenter.keys()) - OWN
    assert len(shared) > 15
    for name in shared:
        assert classifier[name][1] == segmenter[name][1], name
        kinds = [d[name][0].rpartition(", default")[0] for d in (classifier, segmenter)]
        assert kinds[0] == kinds[1], name


def test_the_concatenation_differs_by_three_defaults_alone():
    ours, theirs = parameters(DualBackboneConcat), parameters(CXRClassifier)
    assert list(ours) == list(theirs)
    assert {name for name in ours if ours[name] != theirs[name]} == {
        "backbone",
        "pointwise_channels",
        "image_size",
    }
