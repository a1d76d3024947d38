import csv
import json
import shutil

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from cxrclf import CXRClassifier
from cxrclf._cli.main import main
from cxrclf._cli.model import load_classifier
from cxrclf.inspection import SaliencyDisplay, saliency_maps


@pytest.fixture
def explain(saved_model, scans, tmp_path):
    def call(*arguments, files=(scans.folder,), model=saved_model):
        out = ["--out", tmp_path / "maps"]
        return main(["explain", *map(str, [model, *files, *out, *arguments])])

    return call


@pytest.fixture
def displays(monkeypatch):
    """The displays that are drawn."""
    drawn, plot = [], SaliencyDisplay.plot

    def remember(display, **options):
        drawn.append(display)
        return plot(display, **options)

    monkeypatch.setattr(SaliencyDisplay, "plot", remember)
    return drawn


def test_maps_of_the_predicted_classes(
    explain, displays, saved_model, scans, tmp_path, capsys
):
    assert explain() == 0
    captured = capsys.readouterr()
    assert "A map always looks convincing. It proves neither" in captured.out
    assert captured.out.splitlines()[-1].startswith("Written: 3 maps and predictions.")
    assert "warning" not in captured.err  # the whole network was trained
    classifier = load_classifier(saved_model)
    labels = classifier.predict(scans.paths)
    expected = saliency_maps(classifier, scans.paths)
    for display, label, own in zip(displays, labels, expected, strict=True):
        assert display.targets.tolist() == [[label]]
        np.testing.assert_allclose(display.maps[0, 0], own, rtol=1e-4, atol=1e-5)
    titles = [display.axes_[0, 0].get_title() for display in displays]
    assert titles == ["1.png", "2.png", "1.png"]
    with open(tmp_path / "maps" / "predictions.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == scans.paths
    assert [row["y_pred"] for row in rows] == labels.tolist()
    for row in rows:
        with Image.open(tmp_path / "maps" / row["map"]) as image:
            assert image.format == "PNG"
            assert min(image.size) > 300


def test_json_of_a_class_by_another_method(explain, displays, scans, capsys):
    arguments = ["--target", "normal", "--method", "cam", "--json"]
    assert explain(*arguments, files=scans.paths[:1]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["method"] == "cam"
    assert [row["map"] for row in values["predictions"]] == ["1.png"]
    assert displays[0].targets.tolist() == [["normal"]]


def test_all_classes_and_an_unreadable_file(explain, displays, scans, capsys, tmp_path):
    files = [scans.paths[1], "no.png"]
    assert explain("--target", "all", "--quiet", files=files) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1] == "  no.png: no such file"
    assert displays[0].targets.tolist() == [["covid", "normal", "pneumonia"]]
    assert [path.name for path in (tmp_path / "maps").glob("*.png")] == ["2.png"]


def test_a_network_of_which_the_head_was_trained(explain, scans, tmp_path, capsys):
    classifier = CXRClassifier(
        "test_resnet", weights=None, image_size=64, max_epochs=1, random_state=0
    )
    classifier.fit(scans.paths, ["a", "b", "a"]).save(tmp_path / "head")
    assert explain(model=tmp_path / "head", files=scans.paths[:1]) == 0
    assert "cxrclf: warning: only the head of this network" in capsys.readouterr().err


def test_errors_before_the_long_work(explain, scans, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Figure, "__init__", None)  # draws nothing
    assert explain("--target", "flu") == 2
    assert "--target flu is not a class of the model. Its" in capsys.readouterr().err
    assert explain(model=tmp_path / "no") == 2
    assert "holds no saved model" in capsys.readouterr().err
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "predictions.csv").touch()
    assert explain() == 2
    assert "predictions.csv exists already" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        explain("--method", "magic")
    assert "invalid choice: 'magic'" in capsys.readouterr().err


def test_long_names_and_mathematics_in_titles(explain, displays, scans, tmp_path):
    path = tmp_path / f"{'patient' * 5}_$x_1.png"
    shutil.copy(scans.paths[0], path)
    assert explain("--quiet", files=[path]) == 0
    assert displays[0].axes_[0, 0].get_title() == r"patientpati…nt_\$x_1.png"
