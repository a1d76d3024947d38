"""The example of Rahimzadeh and Attar runs from a folder to a report."""

import pytest

from cxrclf.datasets import make_chest_radiographs, save_image_folder
from cxrclf.studies import Study, StudyResults

pytest.importorskip("matplotlib")


def test_small_study(import_example, monkeypatch, tmp_path, capsys):
    module = import_example("rahimzadeh2020")
    scaled = Study.scaled

    def tiny(study, **params):
        params |= {"image_size": 32, "max_epochs": 1, "weights": None}
        params["backbones"] = ["test_resnet", "test_efficientnet"]
        return scaled(study, **params)

    monkeypatch.setattr(Study, "scaled", tiny)
    drawn = make_chest_radiographs(
        120, weights=[0.2, 0.4, 0.4], image_size=32, random_state=0
    )
    folder = tmp_path / "radiographs"
    save_image_folder(drawn.images, drawn.target, folder, groups=drawn.groups)
    out = tmp_path / "out"
    options = ["--data", str(folder), "--groups", r"^(patient\d+)", "--out", str(out)]
    module.main([*options, "--faithful"])
    results = StudyResults.load(out / "results")
    assert results.n_folds == 5
    assert len(results.networks) == 3
    assert results.description["faithful"]
    assert results.description["leaks"]
    assert all("phases" in fit.details["phases"] for fit in results.fits)
    assert "published" in capsys.readouterr().out
    assert (out / "report.html").exists()
