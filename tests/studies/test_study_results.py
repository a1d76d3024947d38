"""Results are tables of plain files."""

import json
import shutil

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

from cxrclf.studies import StudyResults

CLASSES = ["covid", "normal", "pneumonia"]


def test_attributes_describe_the_run(results):
    assert results.networks == ["Net/64", "Constant"]
    assert results.classes == CLASSES
    assert results.n_folds == 2
    assert len(results.data) == 24
    assert [(fit.network, fit.fold) for fit in results.fits] == [
        ("Net/64", 1),
        ("Net/64", 2),
        ("Constant", 1),
        ("Constant", 2),
    ]
    assert [report.title for report in results.audit] == ["Leakage", "Shortcuts"]
    assert repr(results) == (
        "<StudyResults of 'small': 2 networks, 2 folds, 24 images>"
    )
    for part in ("A small study", "Net/64", "- It has a leak."):
        assert part in str(results)


def test_predictions_cover_all_images_in_their_order(results, images):
    found = results.predictions("Net/64")
    assert found.rows.tolist() == list(range(24))
    assert found.y_true.tolist() == images.y.tolist()
    assert found.groups.tolist() == images.groups.tolist()
    # A patient is tested in one fold.
    for group in set(images.groups):
        assert len(set(found.fold[found.groups == group])) == 1


def test_tables_are_those_of_scikit_learn(results):
    found = results.predictions("Net/64")
    expected = confusion_matrix(found.y_true, found.y_pred, labels=CLASSES)
    np.testing.assert_array_equal(results.confusion_matrix("Net/64"), expected)
    recall = np.diag(expected) / expected.sum(axis=1)
    table = results.table("Net/64")
    for label, value in zip(CLASSES, recall, strict=True):
        assert table[label, "sensitivity"] == pytest.approx(value)
    means = [
        accuracy_score(fit.predictions.y_true, fit.predictions.y_pred)
        for fit in results.fits[:2]
    ]
    summary = results.fold_summary("Net/64")
    assert summary.overall["accuracy"].mean == pytest.approx(np.mean(means))


def test_histories_have_one_value_per_epoch(results):
    histories = results.histories("Net/64")
    assert [history["epoch"] for history in histories] == [[1, 2], [1, 2]]
    assert results.histories("Constant") == [{}, {}]


def test_another_name_is_an_error_with_all_names(results):
    with pytest.raises(KeyError, match=r"'VGG16'.*\['Net/64', 'Constant'\]"):
        results.predictions("VGG16")


def test_saved_results_are_the_same(results, tmp_path):
    results.save(tmp_path / "copy")
    found = StudyResults.load(tmp_path / "copy")
    assert found.description == results.description
    assert str(found.summary()) == str(results.summary())
    assert str(found.compare()) == str(results.compare())
    for one, other in zip(found.fits, results.fits, strict=True):
        np.testing.assert_equal(one.history, other.history)
        assert one.details == other.details
        assert one.fingerprint == other.fingerprint
        one, other = one.predictions, other.predictions
        assert one.y_score.tolist() == other.y_score.tolist()
    assert [str(report) for report in found.audit] == [
        str(report) for report in results.audit
    ]
    results.save(tmp_path / "copy")  # again


def test_the_files_are_complete(results_folder):
    names = {path.name for path in results_folder.rglob("*")}
    assert names >= {"study.json", "data.csv", "audit.json", "fits"}
    for fold in (1, 2):
        (folder,) = results_folder.glob(f"fits/Net_64-*/fold-{fold}")
        assert {path.name for path in folder.iterdir()} == {
            "predictions.csv",
            "history.csv",
            "fit.json",
            "examples.npz",
        }


def test_other_trainings_in_the_folder_are_refused(results, tmp_path):
    results.save(tmp_path / "copy")
    fits = tmp_path / "copy" / "fits"
    shutil.copytree(fits / "Constant" / "fold-1", fits / "Constant" / "fold-3")
    with pytest.raises(ValueError, match=r"trainings of other results.*fold-3"):
        results.save(tmp_path / "copy")


def test_files_of_others_are_not_replaced(results, tmp_path):
    (tmp_path / "data.csv").write_text("mine")
    with pytest.raises(ValueError, match="has other files. Name an empty"):
        results.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]
    assert (tmp_path / "data.csv").read_text() == "mine"


def test_results_of_other_data_are_not_replaced(results, tmp_path):
    results.save(tmp_path / "copy")
    description = results.description | {"data": {"fingerprint": "other"}}
    other = StudyResults(description, results.data, results.fits)
    with pytest.raises(ValueError, match="another study: data differ"):
        other.save(tmp_path / "copy")
    assert StudyResults.load(tmp_path / "copy").audit
    # The audit is a part of the results.
    StudyResults(results.description, results.data, results.fits).save(
        tmp_path / "copy"
    )
    assert not StudyResults.load(tmp_path / "copy").audit


def test_folds_are_in_the_order_of_their_numbers(results, tmp_path):
    results.save(tmp_path / "copy")
    fits = tmp_path / "copy" / "fits" / "Constant"
    shutil.copytree(fits / "fold-1", fits / "fold-10")
    path = fits / "fold-10" / "fit.json"
    path.write_text(path.read_text().replace('"fold": 1', '"fold": 10'))
    found = StudyResults.load(tmp_path / "copy")
    assert [fit.fold for fit in found.fits if fit.network == "Constant"] == [1, 2, 10]


def test_an_incomplete_training_is_left_out(results, tmp_path):
    results.save(tmp_path / "copy")
    for path in (tmp_path / "copy" / "fits").glob("*/fold-2/fit.json"):
        path.unlink()
    found = StudyResults.load(tmp_path / "copy")
    assert [fit.fold for fit in found.fits if fit.network == "Constant"] == [1]
    assert found.n_folds == 2
    assert "Constant: 1 of 2 folds." in found.summary().caption


def test_results_of_another_version_are_an_error(results, tmp_path):
    results.save(tmp_path)
    content = json.loads((tmp_path / "study.json").read_text())
    del content["published"]
    (tmp_path / "study.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"no \['published'\]: another version of cx"):
        StudyResults.load(tmp_path)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(ValueError, match=r"study\.json is damaged"):
        StudyResults.load(tmp_path)


def test_a_folder_without_results_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"study\.json is missing"):
        StudyResults.load(tmp_path)
