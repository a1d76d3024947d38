"""The example of a five-fold study runs from a folder to a report."""

from argparse import Namespace

import pytest

from cxrclf.datasets import make_chest_radiographs, save_image_folder
from cxrclf.studies import StudyResults

pytest.importorskip("matplotlib")


@pytest.fixture
def example(import_example, monkeypatch):
    """The example with a tiny network."""
    module = import_example("five_fold_study")
    small = module.STUDY.scaled(
        image_size=32, max_epochs=1, backbone="test_resnet", weights=None
    )
    monkeypatch.setattr(module, "STUDY", small)
    return module


def test_synthetic_radiographs(example, tmp_path, capsys):
    out = tmp_path / "results of the demo"
    example.main(["--out", str(out), "--images", "120"])
    results = StudyResults.load(out / "results")
    assert results.networks == ["oversampled", "class weights"]
    assert results.n_folds == 5
    assert sorted(results.predictions("oversampled").rows) == list(range(120))
    assert f"Open {out / 'report.html'}" in capsys.readouterr().out
    assert "oversampled" in (out / "report.html").read_text(encoding="utf-8")
    example.main(["--out", str(out)])  # again: nothing is trained
    assert "10 of 10 trainings are complete" in capsys.readouterr().err


def test_own_radiographs(example, tmp_path):
    drawn = make_chest_radiographs(12, image_size=32, random_state=1)
    save_image_folder(drawn.images, drawn.target, tmp_path, groups=drawn.groups)
    args = Namespace(data=tmp_path, groups=r"^(patient\d+)", out=tmp_path / "out")
    data = example.load_radiographs(args)
    assert len(data.target) == 12
    assert len(set(data.groups)) == len(set(drawn.groups))
    assert not args.out.exists()


def test_sampler_and_weights(import_example):
    networks = import_example("five_fold_study").STUDY.networks
    assert networks["class weights"].class_weight == "balanced"
    sampled = networks["oversampled"]
    assert [name for name, _ in sampled.steps] == ["randomoversampler", "cxrclassifier"]
    same = sampled[-1].set_params(class_weight="balanced")
    assert repr(same) == repr(networks["class weights"])
