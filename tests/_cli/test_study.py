import json
import os

import numpy as np
import pytest
from PIL import Image

import cxrclf.studies
from cxrclf import CXRClassifier
from cxrclf._cli.main import main
from cxrclf.studies import PublishedScore, Study, StudyResults, list_studies


def make_study(n=2, **settings):
    networks = {
        name: CXRClassifier(
            "test_resnet", weights=None, image_size=32, max_epochs=2, n_threads=1
        )
        for name in ["VGG16", "Xception"][:n]
    }
    return Study("makris2020", networks, 2, title="Two networks", **settings)


@pytest.fixture
def study(monkeypatch):
    """Let the command load a study that runs in a moment."""
    published = [
        PublishedScore("VGG16", "accuracy", 0.99),
        PublishedScore("VGG16", "sensitivity", 0.4, "covid"),
        PublishedScore("Xception", "accuracy", 0.3),
    ]
    faithful = make_study(leaks=["Copies are on both sides."])
    made = make_study(published=published, faithful=faithful)
    monkeypatch.setattr(cxrclf.studies, "load_study", {"makris2020": made}.__getitem__)
    monkeypatch.setattr(cxrclf.studies, "list_studies", lambda: ["makris2020"])
    return made


@pytest.fixture
def folder(radiograph_files):
    return os.path.dirname(os.path.dirname(radiograph_files.data[0, 0]))


@pytest.fixture
def run(study, folder, tmp_path):
    def call(*arguments):
        command = ["study", "makris2020", "--data", folder, "--no-audit", "--no-maps"]
        return main([*command, "--out", str(tmp_path / "out"), *arguments])

    return call


def test_report_results_and_comparison(run, tmp_path, capsys, monkeypatch):
    def write(results, path):  # the tests of the studies write it with all figures
        path.write_text(repr(results), "utf-8")

    monkeypatch.setattr(StudyResults, "report", write)
    assert run("--network", "VGG16", "--groups", r"^(patient\d+)") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Two networks\n")
    assert "Published scores in the measured interval: " in captured.out
    assert "not measured 1" in captured.out
    report = tmp_path / "out" / "report.html"
    assert captured.out.splitlines()[-2:] == [
        f"Written: {tmp_path / 'out'}",
        f"Open in a browser: {report}",
    ]
    assert "1 network, 2 folds, 30 images" in report.read_text("utf-8")
    results = StudyResults.load(tmp_path / "out")
    assert results.networks == ["VGG16"]
    assert len(set(results.data.groups)) == 20
    # One line per training, and no carriage returns.
    lines = captured.err.splitlines()
    assert sum("fold 1: accuracy" in line for line in lines) == 1
    assert "\r" not in captured.err


def test_json_and_the_same_command_again(run, tmp_path, capsys, monkeypatch):
    arguments = ["--no-report", "--json", "--quiet", "--set", "max_epochs=1"]
    assert run(*arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    values = json.loads(captured.out)
    assert (values["n_images"], values["n_folds"]) == (30, 2)
    assert values["report"] is None
    assert not (tmp_path / "out" / "report.html").exists()
    results = StudyResults.load(tmp_path / "out")
    for name in ("VGG16", "Xception"):
        found = values["scores"][name]["overall"]["accuracy"]
        predictions = results.predictions(name)
        assert found == np.mean(predictions.y_true == predictions.y_pred)
        assert len(results.histories(name)[0]["epoch"]) == 1
    assert values["comparison"]["published"] == [0.99, 0.4, 0.3]
    # Complete trainings are not repeated.
    monkeypatch.setattr(CXRClassifier, "fit", None)
    assert run(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == values["scores"]


def test_the_faithful_variant_states_its_leaks(run, capsys, tmp_path):
    arguments = ["--faithful", "--no-report", "--network", "VGG16", "--epochs", "1"]
    assert run(*arguments) == 0
    out = capsys.readouterr().out
    assert "These scores are too good:\n- Copies are on both sides." in out
    assert "Published" not in out
    assert StudyResults.read_description(tmp_path / "out")["faithful"] is True


def test_options_reach_the_study(run, monkeypatch):
    called = {}

    def stop(study, X, y, groups, **settings):
        called.update(settings, networks_=dict(study.networks), y=y)
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", stop)
    arguments = ["--scale", "small", "--backbone", "test_resnet", "--network", "VGG16"]
    arguments += ["--label", "covid=sick", "--label", "normal=well", "--jobs", "2"]
    assert run(*arguments, "--keep-models") == 130
    network = called["networks_"]["test_resnet (for VGG16)"]
    assert (network.image_size, network.max_epochs) == (128, 3)
    assert called["networks"] == ["test_resnet (for VGG16)"]
    assert called["label_map"] == {"covid": "sick", "normal": "well"}
    assert (called["n_jobs"], called["scheme"]) == (2, None)
    assert (called["audit"], called["explain"]) == (False, False)
    assert called["keep_models"] is True


def test_the_class_scheme(run, monkeypatch, capsys):
    called = {}

    def stop(study, X, y, groups, **settings):
        called.update(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", stop)
    assert run("--scheme", "two") == 2
    assert (
        "--scheme two is not in the study. The study has no" in capsys.readouterr().err
    )
    made = make_study(schemes={"2 classes": {"covid": "sick", "normal": "well"}})
    monkeypatch.setattr(cxrclf.studies, "load_study", lambda name: made)
    assert run("--scheme", "two") == 2
    assert "The schemes are: 2 classes.\n" in capsys.readouterr().err
    assert run("--scheme", "2 classes") == 130
    assert called["scheme"] == "2 classes"


def test_an_interruption_names_the_remedy(run, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", interrupt)
    assert run("--quiet") == 130
    assert capsys.readouterr().err == (
        "cxrclf: interrupted: the same command continues the study\n"
    )


def test_errors_of_a_run_name_the_option(folder, tmp_path, capsys):
    command = ["study", "vgg19_unet", "--data", folder, "--out", str(tmp_path / "out")]
    assert main([*command, "--label", "covid=covid", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert "error: The folders have the classes ['covid']" in error
    assert "['normal'] missing" in error
    assert error.endswith("with --label FOLDER=CLASS.\n")
    assert main([*command, "--network", "VGG19 on lungs", "--quiet"]) == 2
    assert capsys.readouterr().err.endswith("Pass --segmenter MODEL.\n")


def test_parts_of_a_split_and_several_folders_are_joined(
    run, folder, tmp_path, monkeypatch
):
    sizes = []

    def stop(study, X, y, groups, **settings):
        sizes.append((len(X), len(y), groups))
        raise ValueError("enough")

    monkeypatch.setattr(Study, "run", stop)
    split = tmp_path / "split"
    split.mkdir()
    (split / "train").symlink_to(folder)
    (split / "test").symlink_to(folder)
    run("--data", str(split))
    run("--data", str(split), folder)
    assert sizes == [(60, 60, None), (90, 90, None)]


@pytest.mark.usefixtures("study")
def test_list_and_describe(capsys):
    assert main(["study", "--list"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text == "study networks makris2020 Two networks 2"
    assert main(["study", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "studies": [{"name": "makris2020", "title": "Two networks"}]
    }
    assert main(["study", "makris2020", "--describe"]) == 0
    assert "Published scores: 3" in capsys.readouterr().out
    assert main(["study", "makris2020", "--describe", "--faithful", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["leaks"] == ["Copies are on both sides."]
    assert list(values["networks"]) == ["VGG16", "Xception"]


def test_studies_of_the_library(capsys):
    assert main(["study", "makris2020", "--describe"]) == 0
    assert "NASNetLarge" in capsys.readouterr().out
    assert main(["study", "makris1999", "--describe"]) == 2
    assert "No study 'makris1999'. The studies are" in capsys.readouterr().err


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Pass the name of a study"),
        (["makris2020"], "A run needs --data and --out. Pass --describe"),
        (["makris2020", "--data", "x"], "A run needs --out."),
        (["makris2020", "--data", "no", "--out", "o"], "'no' does not exist"),
        (
            ["makris2020", "--data", "no", "--out", "o", "--network", "LeNet"],
            "--network LeNet is not in the study. Its networks are: VGG16, Xception.",
        ),
        (
            ["makris2020", "--describe", "--set", "rate=3"],
            "No step of the study has the parameters ['rate']",
        ),
        (
            ["makris2020", "--data", "no", "--out", "o", "--segmenter", "no"],
            "no holds no saved model",
        ),
        (["makris2020", "--data", "x", "--out", __file__], "is a file. Pass the name"),
    ],
)
def test_errors_before_the_long_work(arguments, message, capsys):
    assert main(["study", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_no_faithful_variant(monkeypatch, capsys):
    monkeypatch.setattr(cxrclf.studies, "load_study", lambda name: make_study(1))
    assert main(["study", "x", "--describe", "--faithful"]) == 2
    assert "has no faithful variant" in capsys.readouterr().err


@pytest.mark.parametrize("name", list_studies())
def test_the_small_scale_fits_each_study(name, monkeypatch, tmp_path):
    found = []

    def stop(study, *_, **__):
        found.append(study)
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", stop)
    image = Image.new("L", (32, 32))
    for label in ("covid", "normal"):
        folder = tmp_path / "data" / label
        folder.mkdir(parents=True)
        image.save(folder / "1.png")
    command = ["study", name, "--data", str(tmp_path / "data"), "--scale", "small"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 130
    (study,) = found
    for network in study.networks.values():
        parameters = network.get_params()
        values = {path.rsplit("__", 1)[-1]: v for path, v in parameters.items()}
        assert values["image_size"] == 128
        epochs = [v for path, v in parameters.items() if path.endswith("max_epochs")]
        assert {*epochs} <= {3, None}
        # A CycleGAN of the published size takes hours without a GPU.
        assert values.get("max_iter", 0) <= 50
