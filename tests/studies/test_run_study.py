"""A run can be interrupted, and its results depend on nothing but the study."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from cxrclf import DualBackboneConcat
from cxrclf._training.run_record import RunRecord
from cxrclf.exceptions import WeightsError
from cxrclf.preprocessing import CLAHE, LungMasker
from cxrclf.studies import Study, StudyResults, _run_study
from cxrclf.studies._try_fit import try_fit

QUIET = {"audit": False, "explain": False, "verbose": 0}


def run(study, images, **options):
    return study.run(images.X, images.y, images.groups, **QUIET | options)


def collect(results):
    """Return all that a training decides, without its seconds."""
    found = []
    for fit in results.fits:
        history = {k: v for k, v in fit.history.items() if k != "duration"}
        scores = fit.predictions.y_score.tolist()
        found.append((fit.network, fit.fold, history, scores, fit.counts))
    return found


@pytest.fixture(scope="module")
def study(small_net):
    networks = {"one": small_net(max_epochs=2), "two": small_net(batch_size=8)}
    return Study("own", networks, cv=2)


@pytest.fixture(scope="module")
def complete(study, images):
    return run(study, images)


@pytest.fixture
def trainings(monkeypatch):
    """List of the trainings that a run starts."""
    started = []

    def record(task, *data):
        started.append((task.network, task.number))
        return try_fit(task, *data)

    monkeypatch.setattr(_run_study, "try_fit", record)
    return started


def test_a_folder_changes_no_result(study, images, complete, tmp_path):
    found = run(study, images, out=tmp_path / "out")
    # Trainings in one thread repeat to the last bit.
    assert collect(found) == collect(complete)
    assert found.description["data"] == complete.description["data"]
    assert found.data.names == complete.data.names
    assert found.description["seconds"] > 0


def test_complete_trainings_are_not_repeated(
    study, images, complete, tmp_path, trainings, capsys
):
    run(study, images, out=tmp_path, networks=["two"])
    (tmp_path / "fits" / "two" / "fold-2" / "fit.json").unlink()
    trainings.clear()
    found = run(study, images, out=tmp_path, verbose=1)
    assert trainings == [("one", 1), ("one", 2), ("two", 2)]
    assert sorted(map(repr, collect(found))) == sorted(map(repr, collect(complete)))
    err = capsys.readouterr().err
    assert "\r" not in err
    lines = err.splitlines()
    assert lines[0] == "own: Searching for copies among 24 images"
    assert lines[1] == "own: 1 of 4 trainings are complete already."
    assert [line[:15] for line in lines[2:]] == [
        "own: one, fold ",
        "own: one, fold ",
        "own: two, fold ",
    ]


def test_an_interrupted_training_continues_after_its_last_epoch(
    study, images, complete, tmp_path, monkeypatch
):
    run(study, images, out=tmp_path, networks=["two"])
    epochs = []
    write = RunRecord.add

    def stop(self, progress):
        write(self, progress)
        epochs.append(progress.done)
        if len(epochs) == 3:  # the first epoch of "one" in fold 2
            raise KeyboardInterrupt

    monkeypatch.setattr(RunRecord, "add", stop)
    with pytest.raises(KeyboardInterrupt, match="after epoch 1 is kept"):
        run(study, images, out=tmp_path)
    partial = StudyResults.load(tmp_path)
    found = sorted((fit.network, fit.fold) for fit in partial.fits)
    assert found == [("one", 1), ("two", 1), ("two", 2)]
    found = run(study, images, out=tmp_path)
    assert epochs == [1, 2, 1, 2]
    assert sorted(map(repr, collect(found))) == sorted(map(repr, collect(complete)))


def test_two_trainings_at_the_same_time_give_the_same(study, images, complete):
    with parallel_config(backend="threading"):
        found = run(study, images, n_jobs=2)
    # Trainings in one thread repeat to the last bit.
    assert collect(found) == collect(complete)


class Failing(DummyClassifier):
    """Classifier that cannot be trained."""

    def fit(self, X, y, sample_weight=None):
        raise OSError("no space left")


def test_parameters_are_checked_before_any_work(small_net, images, trainings):
    bad = Study("own", {"good": small_net(), "bad": small_net(max_epochs=0)}, cv=2)
    with pytest.raises(ValueError, match="'max_epochs' parameter of CXRClassifier"):
        run(bad, images)
    assert trainings == []


def test_an_error_loses_no_other_training(study, images, tmp_path, trainings, capsys):
    networks = {"bad": Failing(), **study.networks}
    bad = Study("own", networks, cv=2)
    with pytest.raises(RuntimeError) as caught:
        run(bad, images, out=tmp_path, networks=["bad", "two"], verbose=1)
    message = str(caught.value)
    assert message.startswith("2 of 4 trainings failed. Complete trainings are saved")
    # Equal errors are named once.
    assert message.endswith("- bad, fold 1; bad, fold 2 failed: OSError: no space left")
    assert "Traceback" in caught.value.__notes__[0]
    assert "own: bad, fold 1 failed" in capsys.readouterr().err
    kept = StudyResults.load(tmp_path)
    assert [(fit.network, fit.fold) for fit in kept.fits] == [("two", 1), ("two", 2)]
    trainings.clear()
    with pytest.raises(RuntimeError, match="2 of 4 trainings failed"):
        run(bad, images, out=tmp_path, networks=["bad", "two"])
    assert trainings == [("bad", 1), ("bad", 2)]
    with pytest.raises(RuntimeError, match=r"Pass out=... to save"):
        run(bad, images, networks=["bad"])


def test_other_parameters_do_not_change_results_on_disk(study, images, tmp_path):
    run(study, images, out=tmp_path, networks=["two"])
    before = (tmp_path / "study.json").read_text()
    other = Study("own", {"two": study.networks["one"]}, cv=2)
    with pytest.raises(ValueError, match="fold-1 has a training with other parameters"):
        run(other, images, out=tmp_path)
    with pytest.raises(ValueError, match="their cv is '2', and now '3'"):
        run(Study("own", {"three": DummyClassifier()}, cv=3), images, out=tmp_path)
    assert (tmp_path / "study.json").read_text() == before


CONSTANT = Study("own", {"Constant": DummyClassifier()}, cv=2)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"networks": "Constant"}, TypeError, "must be a list of names"),
        ({"networks": ["VGG16"]}, ValueError, r"are \['Constant'\]"),
        ({"networks": []}, ValueError, r"are \['Constant'\]"),
        ({"scheme": "2 classes"}, ValueError, "No class scheme '2 classes'"),
        ({"label_map": {"tb": "covid"}}, ValueError, r"label_map names \['tb'\]"),
    ],
)
def test_unknown_names_are_refused(images, options, error, message):
    with pytest.raises(error, match=message):
        run(CONSTANT, images, **options)


def test_wrong_data_are_refused(images):
    with pytest.raises(ValueError, match="target y is None"):
        CONSTANT.run(images.X, None, **QUIET)
    with pytest.raises(ValueError, match="23"):
        CONSTANT.run(images.X, images.y[:23], **QUIET)
    with pytest.raises(ValueError, match="groups"):
        CONSTANT.run(images.X, images.y, images.groups[:23], **QUIET)


def test_a_validation_set_needs_classifiers_that_accept_one(images, small_net):
    networks = {"Constant": DummyClassifier(), "net": small_net()}
    study = Study("own", networks, cv=2, validation=0.3)
    with pytest.raises(ValueError, match=r"\['Constant'\] have none"):
        run(study, images)
    results = run(study, images, networks=["net"])
    names = images.groups.tolist()
    for fit in results.fits:
        assert sum(fit.counts["valid"].values()) > 0
        assert len(fit.history["valid_loss"]) == 1
        tested = {names[row] for row in fit.predictions.rows}
        assert sum(fit.counts["train"].values()) < 24 - len(tested)


def test_the_test_images_can_validate(images, small_net):
    study = Study("own", {"net": small_net()}, cv=2, validation="test")
    for fit in run(study, images).fits:
        assert fit.counts["valid"] == fit.counts["test"]
        truth, scores = fit.predictions.y_true, fit.predictions.y_score
        right = truth == fit.predictions.classes[scores.argmax(axis=1)]
        assert fit.history["valid_accuracy"] == pytest.approx([right.mean()])


@pytest.mark.parametrize(
    "form", ["list", "column", "Series", "numbers", "(n, H, W, 1)"]
)
def test_all_forms_of_data_give_the_same(images, form, tmp_path):
    X, y, groups = images.X, images.y, images.groups
    if form == "list":
        X, y, groups = list(X), y.tolist(), groups.tolist()
    elif form == "column":
        y, groups = y[:, None], groups[:, None]
    elif form == "Series":
        y, groups = (pd.Series(one, index=range(5, 29)) for one in (y, groups))
    elif form == "numbers":
        y, groups = (np.unique(one, return_inverse=True)[1] for one in (y, groups))
    else:
        X = X[..., None]
    found = CONSTANT.run(X, y, groups, out=tmp_path, **QUIET)
    expected = run(CONSTANT, images)
    for one, other in zip(found.fits, expected.fits, strict=True):
        assert one.predictions.rows.tolist() == other.predictions.rows.tolist()
        assert one.predictions.y_score.tolist() == other.predictions.y_score.tolist()
    np.testing.assert_array_equal(
        found.confusion_matrix("Constant"), expected.confusion_matrix("Constant")
    )
    assert found.classes == (["0", "1", "2"] if form == "numbers" else expected.classes)


def test_trainings_share_one_array(images, monkeypatch):
    seen = []
    monkeypatch.setattr(
        _run_study, "try_fit", lambda *data: seen.append(data[1]) or try_fit(*data)
    )
    CONSTANT.run(list(images.X), images.y, **QUIET)
    # joblib copies an array once for all processes, and a list for each training.
    assert [type(X) for X in seen] == [np.ndarray] * 2
    assert seen[0] is seen[1]


def test_rows_of_other_classes_are_left_out(images, tmp_path, capsys):
    schemes = {"2 classes": {"covid": "sick", "normal": "healthy"}}
    study = Study("own", {"Constant": DummyClassifier()}, cv=2, schemes=schemes)
    results = run(study, images, out=tmp_path, verbose=1)
    err = capsys.readouterr().err
    assert err.startswith("own: 8 images of other classes are left out\n")
    rows = np.flatnonzero(images.y != "pneumonia")
    assert results.data.names == [f"row {row}" for row in rows]
    names = {"covid": "sick", "normal": "healthy"}
    expected = [names[label] for label in images.y[rows]]
    assert results.data.y.tolist() == expected
    assert results.data.groups.tolist() == images.groups[rows].tolist()
    found = results.predictions("Constant")
    assert found.rows.tolist() == list(range(16))
    assert found.y_true.tolist() == expected
    assert results.description["scheme"] == "2 classes"


def test_rows_of_numbers_are_images_too(images):
    X = images.X.reshape(24, -1) / 255
    study = Study("own", {"LR": LogisticRegression(max_iter=10**4)}, cv=2)
    results = study.run(X, images.y, images.groups, explain=False, verbose=0)
    assert results.audit == ()
    fit = results.fits[0]
    train = np.setdiff1d(np.arange(24), fit.predictions.rows)
    plain = LogisticRegression(max_iter=10**4).fit(X[train], images.y[train])
    np.testing.assert_allclose(
        fit.predictions.y_score, plain.predict_proba(X[fit.predictions.rows])
    )


def test_copies_of_other_patients_are_in_the_same_fold(images):
    X = images.X.copy()
    groups = np.arange(24)
    pairs = [(0, 1), (4, 9), (10, 20)]
    for one, other in pairs:
        X[other] = X[one]
    results = CONSTANT.run(X, images.y, groups, **QUIET | {"audit": True})
    fold = results.predictions("Constant").fold
    assert all(fold[one] == fold[other] for one, other in pairs)
    leakage, _ = results.audit
    assert set(leakage.tables["splits"]["affected"]) == {0}


def test_preprocessing_is_done_once(images, small_net, tmp_path, monkeypatch):
    study = Study("own", {"net": small_net()}, cv=2, preprocessing=CLAHE())
    first = run(study, images, out=tmp_path)
    net = {"net": make_pipeline(CLAHE(), small_net())}
    # CLAHE works on each image alone, and trainings in one thread repeat exactly.
    assert collect(first) == collect(run(Study("own", net, cv=2), images))
    (tmp_path / "fits" / "net" / "fold-1" / "fit.json").unlink()
    monkeypatch.setattr(CLAHE, "fit_transform", None)
    assert collect(run(study, images, out=tmp_path)) == collect(first)
    monkeypatch.undo()
    other = Study("own", {"net": small_net()}, cv=2, preprocessing=CLAHE(clip_limit=1))
    with pytest.raises(ValueError, match="with other parameters, folds or data"):
        run(other, images, out=tmp_path)


def test_missing_weights_are_found_before_a_training(images, small_net, trainings):
    weights = "no-such-file.safetensors"
    study = Study("own", {"one": small_net(), "two": small_net(weights=weights)})
    with pytest.raises(WeightsError, match=weights):
        run(study, images)
    assert trainings == []


def test_networks_on_lungs_need_a_segmenter(images, small_net, small_segmenter, lungs):
    accepted = {"min_area": 0.0, "max_area": 1.0}  # any number of lung pixels
    masker = LungMasker(None, **accepted)
    on_lungs = make_pipeline(masker, small_net())
    study = Study("own", {"lungs": on_lungs, "Constant": DummyClassifier()}, cv=2)
    with pytest.warns(UserWarning, match=r"\['lungs'\] see the lungs only"):
        assert run(study, images).networks == ["Constant"]
    with pytest.raises(ValueError, match="Pass segmenter="):
        run(study, images, networks=["lungs"])
    with pytest.raises(ValueError, match="not fitted"):
        run(study, images, segmenter=small_segmenter())
    segmenter = small_segmenter(max_epochs=8).fit(lungs.images, lungs.masks)
    results = run(study, images, segmenter=segmenter)
    assert results.networks == ["lungs", "Constant"]
    masked = LungMasker(segmenter, **accepted).fit(images.X).transform(images.X)
    assert (masked != images.X).any(axis=(1, 2)).all()
    fit = results.fits[0]
    test = fit.predictions.rows
    train = np.setdiff1d(np.arange(24), test)
    plain = small_net(random_state=0).fit(masked[train], images.y[train])
    # The same training in one thread gives the same bits.
    np.testing.assert_array_equal(
        fit.predictions.y_score, plain.predict_proba(masked[test])
    )


SCRIPT = """
import sys
from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.studies import Study

def fall(epoch, n_epochs):
    return 0.9**epoch

data = make_chest_radiographs(24, image_size=32, random_state=0)
net = CXRClassifier("test_resnet", weights=None, trainable="all", image_size=32,
    max_epochs=20, precision="float32", n_threads=1, learning_rate_schedule=fall)
Study("own", {"net": net}, cv=2).run(data.images, data.target, data.groups,
    out=sys.argv[1], audit=False, explain=False)
"""


@pytest.mark.slow
def test_a_killed_run_continues_in_another_process(tmp_path):
    def start(folder):
        command = [sys.executable, "-c", SCRIPT, str(folder)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    folder = tmp_path / "killed"
    process = start(folder)
    deadline = time.monotonic() + 300
    while not list(folder.glob("fits/net/fold-2/checkpoints/*.resume")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [fit.fold for fit in StudyResults.load(folder).fits] == [1]
    process = start(folder)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert "1 of 2 trainings are complete already" in err
    _, err = start(tmp_path / "whole").communicate()
    killed, whole = (StudyResults.load(tmp_path / name) for name in ("killed", "whole"))
    # Trainings in one thread repeat to the last bit, in each process.
    assert collect(killed) == collect(whole)
    text = (folder / "study.json").read_text()
    assert json.loads(text)["data"] == whole.description["data"]


def test_models_are_kept(small_net, images, tmp_path):
    networks = {
        "whole": small_net(),
        "both": DualBackboneConcat(
            ("test_resnet", "test_efficientnet"),
            weights=None,
            image_size=32,
            max_epochs=1,
            pointwise_channels=4,
            precision="float32",
            n_threads=1,
        ),
        "other": DummyClassifier(),
    }
    study = Study("kept", networks, cv=2)
    options = {"audit": False, "explain": False, "verbose": 0, "out": tmp_path / "out"}
    without = study.run(images.X, images.y, images.groups, **options)
    with pytest.raises(FileNotFoundError, match="keep_models=True"):
        without.load_classifier("whole")
    results = study.run(images.X, images.y, images.groups, keep_models=True, **options)
    for name in ("whole", "both"):
        for fit in results.fits:
            if fit.network == name:
                found = fit.predictions
                again = results.load_classifier(name, fit.fold)
                assert type(again) is type(networks[name])
                scores = again.predict_proba(images.X[found.rows])
                # The same bits: one machine, one thread, the same batch.
                np.testing.assert_array_equal(scores, found.y_score)
    with pytest.raises(FileNotFoundError, match="not saved"):
        results.load_classifier("other")
    with pytest.raises(KeyError, match="No fold 3"):
        results.load_classifier("whole", 3)
    with pytest.raises(ValueError, match="Pass out"):
        study.run(images.X, images.y, keep_models=True)


def test_models_that_are_missing_are_trained_again(
    small_net, images, tmp_path, trainings
):
    schedule = small_net(learning_rate_schedule=lambda epoch, n_epochs: 1.0)
    networks = {"net": small_net(), "other": DummyClassifier(), "odd": schedule}
    study = Study("kept", networks, cv=2)
    options = {"keep_models": True, "out": tmp_path}
    run(study, images, networks=["net", "other"], **options)
    (tmp_path / "fits" / "net" / "fold-2" / "model" / "model.json").unlink()
    trainings.clear()
    run(study, images, networks=["net", "other"], **options)
    assert trainings == [("net", 2)]
    # A model that cannot be saved is an error. The training is not lost.
    with pytest.raises(RuntimeError, match="fold 2 failed: .*cannot be saved to JSON"):
        run(study, images, networks=["odd"], **options)
    trainings.clear()
    run(study, images, networks=["odd"], out=tmp_path)
    assert trainings == []


def test_the_method_of_maps_is_checked(small_net, images):
    study = Study("maps", {"net": small_net()}, cv=2)
    with pytest.raises(ValueError, match="explain must be True, False or one of"):
        study.run(images.X, images.y, explain="shap")
