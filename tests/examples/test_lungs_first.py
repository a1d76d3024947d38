"""From files to masked classification, with tiny networks on few small radiographs."""

import re

import numpy as np
import pytest
from PIL import Image
from scipy import stats

TINY = [
    *("--encoder", "test_resnet", "--weights", "none", "--image-size", "32"),
    *("--mask-size", "32", "--width", "4", "--epochs", "20"),
    *("--pairs", "24", "--n-images", "30"),
]


@pytest.fixture(scope="module")
def script(import_example):
    return import_example("lungs_first")


@pytest.fixture(scope="module")
def out(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a study") / "the results"
    script.main([*TINY, "--out", str(folder)])
    return folder


def test_leaves_scores_sheets_and_the_segmenter(out):
    lines = (out / "segmentation.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "classic U-Net",
        "test_resnet encoder",
    ]
    assert all(re.search(r"dice [01]\.\d{3} ± 0\.\d{3}", line) for line in lines)
    with Image.open(out / "lungs-1.png") as sheet:
        assert sheet.width > 1000
    assert len(list((out / "unet").glob("weights-*.safetensors"))) == 1


def test_patients_of_pairs_stay_together(script, out, monkeypatch):
    folds = []

    def seen(estimator, X, y, *, groups, cv, **settings):
        folds.extend(set(groups[test]) for _, test in cv.split(X, y, groups))
        return {
            f"test_{name}": np.ones(5)
            for name in ("dice", "iou", "accuracy", "sensitivity", "specificity")
        } | {"test_surface_distance": np.ones(5), "fit_time": np.ones(5)}

    monkeypatch.setattr(script, "cross_validate", seen)
    args = script.parse_arguments([*TINY, "--out", str(out)])
    pairs, _ = script.load_files(args)
    assert len(set(pairs.groups)) < len(pairs.groups)
    script.score_segmenter(args, None, pairs)
    assert sum(map(len, folds)) == len(set.union(*folds))


def test_three_versions_and_two_differences(out):
    table = (out / "classification.txt").read_text().splitlines()
    names = [line[:32].strip() for line in table[1:6]]
    assert names == [
        "radiograph",
        "lungs only",
        "without lungs",
        "lungs only - radiograph",
        "without lungs - radiograph",
    ]
    means = [float(line[32:].split()[0]) for line in table[1:6]]
    # Printed with three digits each.
    assert means[3] == pytest.approx(means[1] - means[0], abs=2e-3)


def test_interval_is_that_of_nadeau_and_bengio(script):
    scores = np.array([0.8, 0.9, 0.85, 0.95, 0.9])
    mean, half = script.interval(scores)
    # Their (1/n + n_test / n_train) s², with a fifth tested on.
    variance = (1 / 5 + (1 / 5) / (4 / 5)) * scores.var(ddof=1)
    low, high = stats.t.interval(0.95, 4, scores.mean(), np.sqrt(variance))
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_folders_are_given_together(script, tmp_path, capsys):
    with pytest.raises(SystemExit):
        script.main(["--images", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "must be used together" in capsys.readouterr().err


def test_a_segmenter_that_finds_nothing_ends_the_study(script, tmp_path, capsys):
    few = [*TINY, "--epochs", "1", "--no-folds", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="train the U-Net longer"):
        script.main(few)
    assert "30 of 30 images have no lungs" in capsys.readouterr().out
