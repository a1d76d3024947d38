"""The simulation of shortcuts plants what it promises, and prints its table."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.ndimage import laplace

from cxrclf.images import read_image_metadata

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LABELS = np.repeat(["covid", "normal"], 50)


@pytest.fixture
def detection(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("shortcut_detection")


def plant(detection, shortcut):
    """Plant a shortcut in gray images, and return them with their sources."""
    images = np.full((100, 50, 50), 100, np.uint8)
    source = detection.plant(shortcut, images, LABELS, np.random.default_rng(0))
    return images, source


@pytest.mark.parametrize("shortcut", ["clean", "size", "source"])
def test_some_shortcuts_leave_the_pixels(detection, shortcut):
    images, source = plant(detection, shortcut)
    assert (images == 100).all()
    assert source[:50].mean() > 0.8
    assert source[50:].mean() < 0.2


def test_mark_is_in_all_images_of_one_class(detection):
    images, _ = plant(detection, "mark")
    assert ((images == 250).sum(axis=(1, 2)) == np.where(LABELS == "covid", 9, 0)).all()
    assert (images[:, :44] == 100).all()
    assert (images[:, :, 6:] == 100).all()


def test_images_of_the_source_are_changed(detection):
    images, source = plant(detection, "brightness")
    assert_array_equal(images.mean(axis=(1, 2)) > 100, source)
    images, source = plant(detection, "noise")
    noise = np.abs(laplace(images.astype(float), axes=(1, 2))).mean(axis=(1, 2))
    assert_array_equal(noise > 0, source)
    images, source = plant(detection, "device")
    assert (images.std(axis=(1, 2))[source] > 1).all()
    assert (images.mean(axis=(1, 2))[source] > 110).all()
    assert (images[~source] == 100).all()


def test_files_of_the_source_are_larger(detection, tmp_path):
    images = np.zeros((40, 50, 50), np.uint8)
    larger = np.arange(40) < 20
    paths = detection.write_files(tmp_path, images, larger, np.random.default_rng(0))
    heights = read_image_metadata(paths)["height"]
    assert heights[larger].mean() > heights[~larger].mean() + 3
    assert {path.suffix for path in paths} == {".png", ".jpg"}


def test_table(detection, monkeypatch, capsys, tmp_path):
    def run(shortcut, seed, args):
        alarms = ["corners"] if shortcut == "mark" and seed > 7 else []
        return alarms, {"estimator": 0.6}

    monkeypatch.setattr(detection, "run", run)
    path = tmp_path / "figures.json"
    seeds = ["--seeds", "3", "--first-seed", "7"]
    detection.main([*seeds, "--shortcuts", "clean", "mark", "--json", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:5] == ["clean", "0", "of", "3", "0.600"]
    assert lines[2].split()[:4] == ["mark", "2", "of", "3"]
    assert lines[2].endswith("corners 2")
    assert path.exists()


@pytest.fixture
def fast_classifier(detection, small_classifier, monkeypatch):
    def make(*args, **parameters):
        return small_classifier(**parameters | {"max_epochs": 1})

    monkeypatch.setattr(detection, "CXRClassifier", make)


@pytest.mark.usefixtures("fast_classifier")
def test_report_of_one_seed(detection, monkeypatch):
    monkeypatch.setattr(detection, "BLIND", ("corners",))
    args = detection.parse_arguments(["--images", "30", "--image-size", "32"])
    _, scores = detection.run("source", 0, args)
    assert scores.keys() == {"estimator", "source", "corners"}


@pytest.mark.usefixtures("fast_classifier")
def test_network(detection, capsys):
    detection.main(["--network", "--images", "30", "--image-size", "32"])
    assert [line[:13] for line in capsys.readouterr().out.splitlines()] == [
        "without mark:",
        "with mark: 0.",
    ]
