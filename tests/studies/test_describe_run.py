"""A run is described with plain values."""

import json
from types import SimpleNamespace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from cxrclf.preprocessing import CLAHE
from cxrclf.studies import PublishedScore, Study, StudyData
from cxrclf.studies._describe_run import describe_run

DATA = StudyData(
    ["a", "b", "c"], np.array(["x", "y", "x"]), np.array(["p1", "p2", "p1"])
)


def describe(**parameters):
    networks = {"LR": LogisticRegression(C=0.25)}
    study = Study("own", networks, **parameters)
    return describe_run(
        study, dict(study.networks), DATA, "abc", scheme=None, faithful=False
    )


def test_values_are_plain_and_complete():
    found = describe(
        cv=StratifiedKFold(3),
        title="Title",
        validation=0.2,
        preprocessing=CLAHE(clip_limit=0.5),
        protocol={"folds": "3"},
        published=[PublishedScore("LR", "auc", np.float64(0.9))],
    )
    assert json.loads(json.dumps(found)) == found
    assert found["title"] == "Title"
    assert found["validation"] == 0.2
    assert found["cv"].startswith("StratifiedKFold(n_splits=3")
    assert found["preprocessing"] == "CLAHE(clip_limit=0.5)"
    assert found["published"] == [["LR", "auc", 0.9, None, None]]
    assert found["networks"]["LR"]["estimator"] == "LogisticRegression(C=0.25)"
    assert found["data"] == {
        "fingerprint": "abc",
        "images": 3,
        "patients": 2,
        "classes": {"x": 2, "y": 1},
    }
    assert found["versions"]["numpy"] == np.__version__
    assert found["processor"]


def test_a_study_without_a_title_has_its_name():
    assert describe()["title"] == "own"


def test_a_splitter_without_a_repr_is_the_same_each_time():
    def make():
        return SimpleNamespace(split=lambda X, y, groups: [])

    one, other = make(), make()  # at two addresses
    assert str(one) != str(other)
    assert describe(cv=one)["cv"] == describe(cv=other)["cv"]
