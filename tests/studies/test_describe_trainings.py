import pytest

from cxrclf.studies._describe_trainings import describe_trainings
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def describe(networks, **options):
    names = list(networks)
    results = make_study_results(names, audit=False, **options)
    results.description["networks"] = networks
    return describe_trainings(StudyScores(results))


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("image_size=96", "The training begins with weights of ImageNet."),
        ("class_weights=None", "The training begins with weights of ImageNet."),
        ("weights=None", "The training begins with random weights."),
        ("weights='a.pth', n=1", "The training begins with 'a.pth'."),
        ("weights=('imagenet', None)", "The training begins with ('imagenet', None)."),
    ],
)
def test_initial_weights(parameters, text):
    found = describe({"a": f"Pipeline(('net', CXRClassifier({parameters})))"})
    assert found["initialization"] == text


def test_initial_weights_of_several_networks():
    found = describe({"a": "CXRClassifier()", "b": "CXRClassifier(weights=None)"})
    assert found["initialization"] == (
        "The training begins with these weights. a: weights of ImageNet; b: random "
        "weights."
    )
    assert describe({"a": "DummyClassifier()"})["initialization"] is None


def test_sizes_of_the_images():
    def network(pixels):
        return {"estimator": "CXRClassifier()", "settings": {"pixels": pixels}}

    found = describe({"a": network("96"), "b": network("96")})
    assert found["pixels"] == "The networks read images of 96 × 96 pixels."
    found = describe({"a": network("96"), "b": network("224 × 180")})
    assert found["pixels"].endswith("images of 96 × 96 or 224 × 180 pixels.")
    assert describe({"a": network("")})["pixels"] is None
    assert describe({"a": "CXRClassifier()"})["pixels"] is None


def test_epochs_and_seconds():
    found = describe({"a": "CXRClassifier()"}, n_epochs=1)
    assert found["training"].endswith(" a: 1 epoch, 10 s per fold.")
    found = describe({"a": "CXRClassifier()"}, n_epochs=3)
    assert found["training"].endswith(" a: 3 epochs, 10 s per fold.")


def test_weights_of_the_best_epoch():
    found = describe({"a": "CXRClassifier()", "b": "CXRClassifier()"})
    assert found["selection"] == "The weights of the best epoch on the validation set."
    found = describe({"a": "CXRClassifier()", "b": "CXRClassifier(keep_best=False)"})
    assert found["selection"] == (
        "The weights of the best epoch on the validation set for a. The weights after "
        "the last epoch for all others."
    )


@pytest.mark.parametrize(
    ("valid", "text"),
    [
        ({}, "There was no validation set."),
        ({"covid": 2}, "The validation set is for the learning curves only."),
    ],
)
def test_weights_of_the_last_epoch(valid, text):
    results = make_study_results(["a"], audit=False)
    for fit in results.fits:
        fit.details["best_epoch"] = None
        fit.counts["valid"] = valid
    found = describe_trainings(StudyScores(results))["selection"]
    assert found == f"The weights after the last epoch. {text}"
