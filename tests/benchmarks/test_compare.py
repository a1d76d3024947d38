"""The benchmarks run, and all contenders compute the same."""

import dataclasses
import importlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cxrclf._training.forward import forward_batches
from cxrclf.datasets import load_image_folder
from cxrclf.losses import MaskLoss
from cxrclf.nets import make_backbone

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SIDE = 32
PEERS = ["with_skorch", "with_torch"]


@pytest.fixture
def benchmark(monkeypatch):
    """Import modules of the benchmarks by name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


@pytest.fixture
def settings(benchmark, tmp_path):
    """Return settings for a second or two, with their images."""
    images = benchmark("harness.images")
    images.synthetic_files(tmp_path / "data", 12, SIDE)
    images.large_files(tmp_path / "large", tmp_path / "data", 3)
    images.synthetic_pairs(tmp_path / "images", tmp_path / "masks", 12, 2 * SIDE)
    return benchmark("harness.settings").Settings(
        data=str(tmp_path / "data"),
        large=str(tmp_path / "large"),
        images=str(tmp_path / "images"),
        masks=str(tmp_path / "masks"),
        backbone="test_efficientnet",
        weights=None,
        image_size=SIDE,
        unet_size=SIDE,
        **benchmark("compare").QUICK,
    )


@pytest.mark.slow
def test_driver_writes_figures_and_ratios(tmp_path):
    out = tmp_path / "figures.json"
    contenders = ["cxrclf", "bare loop"]
    command = [
        *(sys.executable, str(BENCHMARKS / "compare.py"), "fine_tune", "--quick"),
        *("--rounds", "1", "--image-size", "40", "--json", str(out)),
        *("--backbone", "test_efficientnet", "--weights", "none"),
        *("--contenders", *contenders),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    assert [run["contender"] for run in written["runs"]] == contenders
    assert written["failures"] == []
    for run in written["runs"]:
        assert all(value > 0 for value in run["figures"].values())
    rates = [run["figures"]["images_per_second"] for run in written["runs"]]
    ratio = written["ratios"]["fine_tune"]["speed, cxrclf / bare loop"]
    assert ratio == [pytest.approx(rates[0] / rates[1])]
    assert "torch: " in done.stdout
    assert "speed, cxrclf / bare loop" in done.stdout


@pytest.mark.parametrize("module", PEERS)
def test_peers_do_the_tasks(benchmark, settings, module):
    task_of = benchmark("worker").task_of
    study = task_of(module, "frozen_study")(settings)
    grid = task_of(module, "grid")(settings)
    whole = task_of(module, "frozen_study")(dataclasses.replace(settings, full=True))
    assert study.keys() == {"seconds"}
    assert grid.keys() == {"seconds"}
    assert 0 <= whole["accuracy"] <= 1
    for task in ("fine_tune", "predict"):
        assert task_of(module, task)(settings)["images_per_second"] > 0


def test_cxrclf_does_the_tasks(benchmark, settings):
    task_of = benchmark("worker").task_of
    figures = {
        task: task_of("with_cxrclf", task)(settings)
        for task in ("frozen_study", "grid", "predict", "overhead")
    }
    assert figures["frozen_study"].keys() == {"seconds", "accuracy"}
    assert figures["grid"].keys() == {"study_seconds", "seconds", "both_seconds"}
    assert figures["predict"]["images_per_second"] > 0
    assert figures["overhead"].keys() == {"predict_ms", "bare_ms", "import_ms"}


@pytest.mark.parametrize(
    "module",
    ["with_cxrclf", *(pytest.param(peer, marks=pytest.mark.slow) for peer in PEERS)],
)
def test_masks_are_learned_and_predicted(benchmark, settings, module):
    trained = dataclasses.replace(
        settings, backbone="test_resnet", unet_size=64, tuned_images=24, tuned_epochs=20
    )
    figures = benchmark("worker").task_of(module, "segment")(trained)
    rates = "images_per_second", "overall_images_per_second", "predictions_per_second"
    assert figures.keys() == {*rates, "dice"}
    assert all(figures[rate] > 0 for rate in rates)
    # A mask of the whole image has a Dice of 0.4, and an empty mask has 0.
    assert 0.5 < figures["dice"] <= 1


def test_bare_loop_trains_a_unet(benchmark, settings):
    figures = benchmark("worker").task_of("bare", "segment")(settings)
    assert figures.keys() == {"images_per_second", "overall_images_per_second"}


def test_loss_of_masks_is_that_of_the_library(benchmark):
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 1, 5, 7, generator=rng)
    masks = (torch.rand(3, 1, 5, 7, generator=rng) > 0.7).float()
    masks[2] = 0
    loss = benchmark("contenders._unet_parts").CrossEntropyAndDice()(logits, masks)
    ours = MaskLoss("cross_entropy+dice")(logits, (masks[:, 0].long(), torch.ones(3)))
    assert loss.item() == pytest.approx(ours.item(), rel=1e-6)


def test_unet_of_the_peers_is_that_of_the_library(benchmark, settings):
    files, masks = benchmark("harness.settings").paired_files(settings)
    segmenter = benchmark("contenders.with_cxrclf").Segmenter(settings, files, masks)
    segmenter.train(1)
    theirs = benchmark("contenders._unet_parts").make_unet(settings)
    assert str(theirs) == str(segmenter.estimator.net_.module_)


def test_masks_move_with_their_images(benchmark, settings):
    """If an image is its own mask, both views are the same."""
    parts = benchmark("contenders._unet_parts")
    _, masks = benchmark("harness.settings").paired_files(settings)
    same_size = dataclasses.replace(settings, unet_size=2 * SIDE)  # no interpolation
    pairs = parts.Pairs(same_size, masks, masks)
    plain = parts.Pairs(same_size, masks)
    flipped = 0
    for row in range(len(pairs)):
        image, mask = pairs[row]
        assert torch.equal(image, mask)
        flipped += not torch.equal(image, plain[row][0])
    assert 0 < flipped < len(pairs)


def test_pairs_of_files_are_segmented(benchmark, settings):
    compare = benchmark("compare")
    options = compare.parse_arguments(
        ["segment", "--pairs", settings.images, settings.masks, "--image-size", "40"]
    )
    made = compare.make_settings(options, Path("no such folder"))
    assert (made.images, made.masks) == (settings.images, settings.masks)
    assert made.unet_size == 40
    assert len(benchmark("harness.settings").paired_files(made)[0]) == 12


def test_networks_side_by_side(benchmark, settings):
    task_of = benchmark("worker").task_of
    both = dataclasses.replace(settings, backbone="test_resnet + test_efficientnet")
    figures = task_of("with_cxrclf", "concatenation")(both)
    assert figures["branches_ms"] > 0
    assert figures.keys() == {"ms", "branches_ms"}
    for module in ("with_cxrclf", "bare"):
        assert task_of(module, "fine_tune")(both)["images_per_second"] > 0


def test_missing_peer_is_reported_with_what_to_install(benchmark, settings):
    jobs = benchmark("harness.jobs")
    with pytest.raises(jobs.JobFailedError, match=r"with_no_such.*cxrclf\[bench\]"):
        jobs.run_job("with_no_such", "predict", settings)


def test_error_has_the_last_line_of_the_process(benchmark, settings):
    jobs = benchmark("harness.jobs")
    # This module is not a contender, and its tasks need a learner.
    with pytest.raises(jobs.JobFailedError, match="TypeError: .* missing 1 required"):
        jobs.run_job("peer_tasks", "predict", settings)


@pytest.mark.slow
def test_growth_has_a_row_for_each_number_of_images(benchmark, tmp_path, capsys):
    out = tmp_path / "growth.json"
    benchmark("growth").main(
        [
            *("--images", "30", "--epochs", "1", "--image-size", str(SIDE)),
            *("--backbone", "test_efficientnet", "--json", str(out)),
        ]
    )
    (row,) = json.loads(out.read_text())["rows"]
    assert row["images"] == 30
    assert row["seconds"] > 0
    assert "30 " in capsys.readouterr().out


def test_growth_of_masks(benchmark, settings):
    task_of = benchmark("worker").task_of
    returned = task_of("with_cxrclf", "predict_masks")(settings)
    saved = task_of("with_cxrclf", "save_masks")(settings)
    assert returned["returned_mib"] == 12 * SIDE**2 / 2**20
    assert returned["seconds"] > 0
    assert saved.keys() == {"seconds"}


@pytest.mark.parametrize("module", PEERS)
def test_peers_learn(benchmark, settings, module):
    """The whole network learns to separate black, gray and white images."""
    files, codes = benchmark("harness.settings").labeled_files(settings.data)
    for file, code in zip(files, codes, strict=True):
        Image.new("L", (SIDE, SIDE), int(100 * code)).save(file)
    learner_type = benchmark(f"contenders.{module}").Learner
    learner = learner_type(settings, files, codes, frozen=False, batch_size=4)
    learner.train(40)
    probabilities = learner.predict_proba(files)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    # Guessing gives 1/3.
    assert np.mean(probabilities.argmax(axis=1) == codes) > 0.6


def test_frozen_body_stays_as_it_is(benchmark, settings):
    files, codes = benchmark("harness.settings").labeled_files(settings.data)
    learner = benchmark("contenders.with_torch").Learner(
        settings, files, codes, frozen=True, batch_size=4
    )
    body, head = learner.network.body, learner.network.head
    before = {name: value.clone() for name, value in body.state_dict().items()}
    weights = head[2].weight.detach().clone()
    learner.train(1)
    assert all(
        (value == before[name]).all() for name, value in body.state_dict().items()
    )
    assert (head[2].weight != weights).any()


def test_files_and_labels_are_those_of_the_library(benchmark, settings):
    files, codes = benchmark("harness.settings").labeled_files(settings.data)
    data = load_image_folder(settings.data)
    assert files.tolist() == data.data[:, 0].tolist()
    assert np.array(data.target_names)[codes].tolist() == data.target.tolist()


def test_each_contender_begins_a_round_in_turn(benchmark):
    tasks = {"fine_tune": benchmark("harness.tasks").TASKS["fine_tune"]}
    names = ["skorch", "torch", "bare loop"]
    plan = list(benchmark("compare").schedule(tasks, names, 3))
    assert [plan[i][2] for i in (0, 3, 6)] == names
    assert sorted(name for _, _, name in plan) == sorted(3 * names)


def test_ratios_pair_the_figures_of_a_round(benchmark):
    tasks = benchmark("harness.tasks")
    task = tasks.Task(
        "A task",
        ("ours", "theirs"),
        tuple(tasks.compared("ours", "theirs", figure="seconds"))
        + tuple(tasks.compared("ours", "theirs", figure="images_per_second")),
    )
    runs = [
        {"round": number, "contender": name, "figures": {"seconds": seconds}}
        for number, name, seconds in [
            (1, "ours", 2.0),
            (1, "theirs", 6.0),
            (2, "theirs", 5.0),
            (2, "ours", 1.0),
            (3, "ours", 1.0),
        ]
    ]
    ratios = benchmark("harness.report").ratios_of(task, runs)
    assert ratios == {"speed, ours / theirs": [3.0, 5.0]}


def test_shares_of_the_limit(benchmark):
    """Every task with a limit has a share of it, in each round."""
    tasks = benchmark("harness.tasks").TASKS
    figures = {  # of two rounds
        "frozen_study": {
            "cxrclf": [{"seconds": 50.0}, {"seconds": 40.0}],
            "cxrclf, 8 views": [{"seconds": 12.0}, {"seconds": 10.0}],
            "limit": [
                {"seconds": 36.0, "seconds_8_views": 9.0},
                {"seconds": 38.0, "seconds_8_views": 9.5},
            ],
        },
        "predict": {
            "cxrclf": [{"images_per_second": 60.0}, {"images_per_second": 75.0}],
            "limit": [{"forward_per_second": 80.0}, {"forward_per_second": 90.0}],
        },
        "fine_tune": {
            "cxrclf": [{"images_per_second": 19.0}, {"images_per_second": 21.0}],
            "bare loop": [{"images_per_second": 20.0}, {"images_per_second": 20.0}],
        },
        "segment": {
            "cxrclf": 2 * [{"images_per_second": 9.0, "predictions_per_second": 30.0}],
            "bare loop": 2 * [{"images_per_second": 10.0}],
            "limit": 2 * [{"forward_per_second": 40.0}],
        },
    }
    expected = {
        "frozen_study": {
            "share of the limit, cxrclf": [0.72, 0.95],
            "share of the limit, cxrclf, 8 views": [0.75, 0.95],
        },
        "predict": {"share of the limit, cxrclf": [0.75, 75 / 90]},
        "fine_tune": {"share of the limit, cxrclf": [0.95, 1.05]},
        "segment": {
            "share of the limit, cxrclf": [0.9, 0.9],
            "share of the limit of prediction, cxrclf": [0.75, 0.75],
        },
    }
    ratios_of = benchmark("harness.report").ratios_of
    for name, contenders in figures.items():
        runs = [
            {"round": number, "contender": contender, "figures": values}
            for contender, rounds in contenders.items()
            for number, values in enumerate(rounds, start=1)
        ]
        ratios = ratios_of(tasks[name], runs)
        shares = {label: ratios[label] for label in ratios if "share" in label}
        assert shares.keys() == expected[name].keys()
        for label, values in shares.items():
            assert values == pytest.approx(expected[name][label])


def test_driver_prints_shares_and_the_fastest_engine(
    benchmark, monkeypatch, tmp_path, capsys
):
    compare = benchmark("compare")

    def run_job(module, task, settings):
        figures = {"private_mib": 100.0, "resident_mib": 200.0}
        if module == "limit":
            return {**figures, "forward_per_second": 80.0, "engine": "fast engine"}
        return {**figures, "images_per_second": 60.0}

    monkeypatch.setattr(compare, "run_job", run_job)
    command = ["predict", "--quick", "--rounds", "2", "--contenders", "cxrclf", "limit"]
    compare.main([*command, "--json", str(tmp_path / "figures.json")])
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "share of the limit, cxrclf 0.75 0.75 0.75 2" in printed
    assert "limit 80 fast engine 100 200" in printed


@pytest.mark.parametrize(("epochs", "n_views"), [(35, 35 + 8), (3, 3 + 3)])
def test_limit_of_the_study_counts_its_forward_passes(
    benchmark, settings, monkeypatch, epochs, n_views
):
    limit = benchmark("contenders.limit")
    rate = {"forward_per_second": 50.0, "engine": "some engine"}
    monkeypatch.setattr(limit, "fastest_forward", lambda *_, n_rounds: rate)
    figures = limit.frozen_study(dataclasses.replace(settings, epochs=epochs))
    # 12 images, each view of them and each of them without a transformation.
    both = 12 * (n_views + 2) / 50
    assert figures["seconds"] == pytest.approx(12 * (epochs + 1) / 50)
    assert figures["seconds"] + figures["seconds_8_views"] == pytest.approx(both)


def test_study_needs_the_forward_passes_of_its_limit(benchmark, settings, monkeypatch):
    """The feature cache computes each view once for all folds."""
    limit = benchmark("contenders.limit")
    rate = {"forward_per_second": 1.0, "engine": "some engine"}
    monkeypatch.setattr(limit, "fastest_forward", lambda *_, n_rounds: rate)
    counts = []

    def count_images(function, n, size, **options):
        counts.append(n)
        return forward_batches(function, n, size, **options)

    for module in "feature_extractor", "prediction":
        monkeypatch.setattr(f"cxrclf._training.{module}.forward_batches", count_images)
    for n_views, figure in (None, "seconds"), (8, "seconds_8_views"):
        counts.clear()
        own = dataclasses.replace(
            settings,
            epochs=10,
            n_views=n_views,
            # The second study has other features, which are not in the cache.
            image_size=SIDE if n_views is None else SIDE + 8,
        )
        benchmark("contenders.with_cxrclf").frozen_study(own)
        assert sum(counts) == limit.frozen_study(own)[figure]


@pytest.mark.slow
def test_limit_is_measured_in_the_fastest_engine(benchmark, settings):
    task_of = benchmark("worker").task_of
    for task in "predict", "segment":
        figures = task_of("limit", task)(settings)
        assert figures.keys() == {"forward_per_second", "engine"}
        assert figures["forward_per_second"] > 0
        assert figures["engine"].startswith(("ONNX Runtime", "torch"))
    threads = torch.get_num_threads()
    study = task_of("limit", "frozen_study")(settings)
    assert study["seconds"] > 0
    assert torch.get_num_threads() == threads


def test_limit_has_the_median_of_the_fastest_engine(benchmark, monkeypatch):
    module = benchmark("contenders._fastest_forward")
    rates = {  # of the warm-up round and of three measured rounds
        "first": [5.0, 10.0, 12.0, 11.0],
        "second": [4.0, 90.0, 9.0, 8.0],
        "slow": [1.0],  # not measured again
    }
    left = {name: iter(values) for name, values in rates.items()}
    monkeypatch.setattr(module, "_measure", lambda compute, images: next(left[compute]))
    monkeypatch.setattr(module, "_onnx_engines", lambda *_: "onnx is not installed")
    monkeypatch.setattr(
        module, "_torch_engines", lambda *_: {name: name for name in rates}
    )
    found = module.fastest_forward(torch.nn.Identity(), (1, 2, 2), n_rounds=3)
    assert found == {
        "forward_per_second": 11.0,
        "engine": "first (without ONNX Runtime: onnx is not installed)",
    }


def test_all_engines_compute_the_same(benchmark, settings):
    module = benchmark("contenders._fastest_forward")
    network = benchmark("contenders.limit").PlainNetwork(settings).eval()
    images = torch.rand(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = network(images)
    with ThreadPoolExecutor(2) as pool:
        engines = module._torch_engines(network, pool)
        if importlib.util.find_spec("onnxruntime"):
            engines |= module._onnx_engines(network, images[:2], 2, pool)
        values = {name: torch.cat(f(images)) for name, f in engines.items()}
    assert len(values) >= 3
    for name, value in values.items():
        # bfloat16 has 8 bits.
        tolerance = 0.05 if "bfloat16" in name else 1e-5
        assert (value - expected).abs().max() < tolerance * expected.abs().max()


def test_limit_has_the_network_of_the_library(benchmark, settings):
    both = dataclasses.replace(settings, backbone="test_resnet + test_efficientnet")
    images = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    plain = benchmark("contenders.limit").PlainNetwork(both).eval()
    torch.manual_seed(0)
    ours = [make_backbone(name) for name in both.backbone.split(" + ")]
    assert not any("cxrclf" in type(m).__module__ for m in plain.models.modules())
    for model, backbone in zip(plain.models, ours, strict=True):
        backbone.model.load_state_dict(model.state_dict(), strict=False)
    with torch.inference_mode():
        maps = [backbone.eval()(images).mean((2, 3)) for backbone in ours]
        torch.testing.assert_close(plain(images), torch.cat(maps, 1))


def test_every_ratio_is_of_contenders_that_do_the_task(benchmark):
    tasks = benchmark("harness.tasks")
    for task in {**tasks.TASKS, **tasks.GPU_TASKS}.values():
        assert set(task.contenders) <= tasks.CONTENDERS.keys()
        for ratio in task.ratios:
            assert {ratio.over.contender, ratio.under.contender} <= set(task.contenders)
        labels = [ratio.label for ratio in task.ratios]
        assert len(set(labels)) == len(labels)


def test_large_files_are_of_one_to_two_megapixels(benchmark, settings):
    files, _ = benchmark("harness.settings").labeled_files(settings.large)
    assert len(files) == 3
    for file in files:
        with Image.open(file) as image:
            assert 1e6 <= image.width * image.height <= 2.6e6
