"""When a training sees pixels, and when features."""

import pytest

from cxrclf import Augmentation
from cxrclf._training.feature_cache import MemoryCache
from cxrclf._training.feature_policy import FeaturePolicy, PixelPolicy
from cxrclf._training.feature_samples import FeatureSamples
from cxrclf._training.samples import PixelSamples


@pytest.fixture
def training_samples(radiographs, small_classifier, monkeypatch):
    """Return a function that trains, and returns the kinds of samples of it."""

    def train(**settings):
        seen = []
        usual = FeaturePolicy.training_samples

        def spy(self, *args):
            samples = usual(self, *args)
            seen.append((*map(type, samples), self.kept))
            return samples

        with monkeypatch.context() as patch:
            patch.setattr(FeaturePolicy, "training_samples", spy)
            small_classifier(max_epochs=1, **settings).fit(
                radiographs.images, radiographs.target
            )
        (kinds,) = seen
        return kinds

    return train


NOTHING = type(None)


@pytest.mark.parametrize(
    ("settings", "kind", "kept"),
    [
        ({"trainable": "all"}, PixelSamples, None),
        ({"trainable": "head"}, FeatureSamples, "features"),
        ({"trainable": "head", "feature_cache": None}, FeatureSamples, None),
        ({"trainable": "head", "feature_cache_bytes": 9}, FeatureSamples, None),
        ({"trainable": 1}, FeatureSamples, "maps"),
        ({"trainable": 1, "feature_cache": None}, PixelSamples, None),
        ({"trainable": 1, "head_epochs": 1}, PixelSamples, None),
    ],
)
def test_the_choice(settings, kind, kept, training_samples):
    assert training_samples(image_size=48, **settings) == (kind, NOTHING, kept)
    both = training_samples(image_size=48, validation_fraction=0.3, **settings)
    assert both == (kind, kind, kept)


def test_views_that_no_other_fit_has_are_not_kept(training_samples):
    moves = {"trainable": "head", "augmentation": Augmentation(rotation=5)}
    assert training_samples(**moves)[2] == "features"
    assert training_samples(**moves, random_state=None)[2] is None
    assert training_samples(**moves, random_state=None, n_views=1)[2] == "features"


def test_predictions_of_a_single_batch_are_computed_whole(
    radiographs, small_classifier
):
    clf = small_classifier(trainable="head", max_epochs=1)
    net = clf.fit(radiographs.images, radiographs.target).net_
    policy = FeaturePolicy(MemoryCache(2**20), n_threads=1, verbose=0)
    samples = PixelSamplesOfNothing()
    assert policy.prediction_samples(net, False)(samples) is samples
    assert isinstance(policy.prediction_samples(net, True)(samples), FeatureSamples)
    assert PixelPolicy().prediction_samples(net, True)(samples) is samples
    assert PixelPolicy().kept is None


class PixelSamplesOfNothing:
    seed, in_order = 0, False


@pytest.mark.parametrize(
    ("cache", "text"),
    [
        ("memory", "stored, and reused in later epochs and trainings."),
        (None, "not stored, because feature_cache is None."),
    ],
)
def test_the_choice_as_text(cache, text, training_samples, capsys):
    training_samples(trainable="head", feature_cache=cache, verbose=1)
    assert f"The output of the frozen layers is {text}\n" in capsys.readouterr().err
