"""A saved classifier and image files, for the commands that predict."""

import shutil
from types import SimpleNamespace

import pytest

from cxrclf import CXRClassifier


@pytest.fixture(scope="session")
def saved_model(radiograph_files, tmp_path_factory):
    """Folder of a classifier that was trained for a moment."""
    folder = tmp_path_factory.mktemp("cli") / "model"
    classifier = CXRClassifier(
        "test_resnet",
        weights=None,
        trainable="all",
        image_size=64,
        max_epochs=1,
        precision="float32",
        n_threads=1,
        random_state=0,
    )
    classifier.fit(radiograph_files.data, radiograph_files.target).save(folder)
    return folder


@pytest.fixture
def scans(radiograph_files, tmp_path):
    """Folder of three images in two subfolders."""
    paths = []
    for number, name in enumerate(["a/1.png", "a/2.png", "b/1.png"]):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(radiograph_files.data[number, 0], path)
        paths.append(str(path))
    return SimpleNamespace(folder=tmp_path / "scans", paths=paths)
