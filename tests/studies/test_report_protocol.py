from cxrclf.studies._report_protocol import report_protocol
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_protocol_choices_networks_and_environment():
    networks = {
        "a": {"estimator": "CXRClassifier(\n  'vgg16')", "settings": {"epochs": "35"}},
        "b": {"estimator": "Pipeline()", "settings": {"epochs": "", "pixels": ""}},
    }
    results = make_study_results(
        ["a", "b"],
        audit=False,
        examples=False,
        preprocessing="",
        scaled={"image_size": "96", "max_epochs": "3"},
    )
    results.description["networks"] = networks
    report = report_protocol(StudyScores(results))
    tables = report.tables
    assert tables["the_publication_states"]["topic"] == ["training", "data"]
    assert tables["chosen_here"]["choice"] == ["The batch size is 8."]
    assert tables["estimators"]["estimator"] == [
        "CXRClassifier( 'vgg16')",
        "Pipeline()",
    ]
    assert tables["networks"].columns == {"network": ["a", "b"], "epochs": ["35", ""]}
    run = dict(zip(tables["run"]["setting"], tables["run"]["value"], strict=True))
    assert run["torch"] == "2.9"
    assert run["variant"] == "honest"
    assert run["changed parameters"] == "image_size=96, max_epochs=3"
    assert "preprocessing" not in run
    assert "honest variant" in report.reading[-2]
    assert report.reading[-1].startswith("This run is scaled: the changed parameters")


def test_study_without_protocol():
    results = make_study_results(
        ["a"], audit=False, examples=False, protocol={}, chosen=[], faithful=True
    )
    report = report_protocol(StudyScores(results))
    assert "the_publication_states" not in report.tables
    assert len(report.tables["networks"]) == 0
    assert "faithful variant" in report.reading[-1]
