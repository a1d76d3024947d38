from cxrclf.studies._model_card import model_card
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_card_has_all_topics_and_named_blanks():
    report = model_card(StudyScores(make_study_results()))
    assert report.reading == ("Not for clinical use.",)
    table = report.tables["model_card"]
    card = dict(zip(table["topic"], table["text"], strict=True))
    assert {"Intended use", "Data", "Training", "Metrics", "Limits"} <= card.keys()
    assert card["Use that is not intended"].startswith("Not for clinical use.")
    assert "To be filled in by the authors: the origin of the images" in card["Data"]
    assert "60 images of 10 patients" in card["Data"]
    assert "2 copies on both sides." in card["Limits"]
    assert all(card.values())
