import csv
import io

import numpy as np
import pytest

from cxrclf._cli.model import load_classifier
from cxrclf._cli.predictions import FilePredictions, predict_files
from cxrclf.exceptions import ImageReadError

PREDICTIONS = FilePredictions(
    ['a "b".png', "c.png"],
    [1, 2],
    [2, 1],
    [[0.1, 0.9], [1 / 3, 2 / 3]],
    {"d.png": "no"},
)


def test_csv_quotes_text_and_has_full_precision():
    text = PREDICTIONS.to_csv({"map": ["x", "y"]})
    header, first, second = csv.reader(io.StringIO(text))
    assert header == ["path", "map", "y_pred", "score_1", "score_2"]
    assert first[:2] == ['a "b".png', "x"]
    assert float(second[3]) == 1 / 3
    assert text.splitlines()[2] == f'"c.png","y",1,{1 / 3!r},{2 / 3!r}'


def test_dict_has_further_columns():
    values = PREDICTIONS.to_dict({"map": ["x", "y"]})
    assert values["predictions"][1] == {
        "path": "c.png",
        "map": "y",
        "y_pred": 1,
        "scores": {"1": 1 / 3, "2": 2 / 3},
    }
    assert values["failures"] == {"d.png": "no"}


def test_the_files_that_can_be_read(saved_model, scans, capsys):
    classifier = load_classifier(saved_model)
    expected = classifier.predict_proba(scans.paths)
    found = predict_files(classifier, [scans.paths[0], "no.png", *scans.paths[1:]])
    assert found.paths == scans.paths
    assert found.labels == classifier.predict(scans.paths).tolist()
    # The same batch gives the same bits on one machine.
    np.testing.assert_array_equal(np.array(found.scores, expected.dtype), expected)
    assert found.failures == {"no.png": "no such file"}
    assert capsys.readouterr().err == (
        "cxrclf: 1 of 4 files cannot be read and is left out:\n  no.png: no such file\n"
    )
    with pytest.raises(ImageReadError, match="no.png: no such file"):
        predict_files(classifier, ["no.png", *scans.paths], fail_fast=True)
    with pytest.raises(ImageReadError, match="no.png: no such file"):
        predict_files(classifier, ["no.png"])
    assert capsys.readouterr().err == ""
