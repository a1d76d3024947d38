"""The networks of a run are chosen and checked before any work."""

from types import SimpleNamespace

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from cxrclf.preprocessing import CLAHE, LungMasker
from cxrclf.studies._choose_networks import choose_networks
from cxrclf.studies._networks import Networks


def make_study(networks, validation=None):
    return SimpleNamespace(
        name="own", networks=Networks(networks), validation=validation
    )


def test_the_order_is_that_of_the_names(small_net):
    study = make_study({"one": small_net(), "two": small_net(), "three": small_net()})
    assert list(choose_networks(study, None, None)) == ["one", "two", "three"]
    assert list(choose_networks(study, ["three", "one"], None)) == ["three", "one"]


def test_seeds_that_are_none_become_0(small_net):
    networks = {"none": make_pipeline(CLAHE(), small_net()), "7": small_net()}
    networks["7"].set_params(random_state=7)
    found = choose_networks(make_study(networks), None, None)
    assert found["none"][-1].random_state == 0
    assert found["7"].random_state == 7
    assert networks["none"][-1].random_state is None


def test_parameters_of_all_steps_are_checked(small_net):
    networks = {"good": small_net(), "bad": make_pipeline(CLAHE(-1.0), small_net())}
    with pytest.raises(ValueError, match="'clip_limit' parameter of CLAHE"):
        choose_networks(make_study(networks), None, None)
    assert list(choose_networks(make_study(networks), ["good"], None)) == ["good"]


def test_a_validation_set_is_needed_by_all_networks(small_net):
    networks = {"net": small_net(), "other": DummyClassifier()}
    with pytest.raises(ValueError, match=r"\['other'\] have none"):
        choose_networks(make_study(networks, 0.2), None, None)
    assert list(choose_networks(make_study(networks, 0.2), ["net"], None)) == ["net"]


def test_the_segmenter_goes_to_maskers_without_one(small_net, small_segmenter, lungs):
    fitted = small_segmenter().fit(lungs.images, lungs.masks)
    own = FrozenEstimator(fitted)
    networks = {
        "without": make_pipeline(LungMasker(None), small_net()),
        "with": make_pipeline(LungMasker(own), small_net()),
    }
    found = choose_networks(make_study(networks), None, fitted)
    assert found["without"][0].segmenter.estimator is fitted
    assert found["with"][0].segmenter.estimator is not None
    with pytest.warns(UserWarning, match=r"\['without'\] see the lungs only"):
        assert list(choose_networks(make_study(networks), None, None)) == ["with"]
    with pytest.raises(ValueError, match="Pass segmenter="):
        choose_networks(make_study(networks), ["without"], None)
