from cxrclf.studies._checklists import checklists
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_items_are_filled_or_named_blanks():
    report = checklists(StudyScores(make_study_results()))
    claim, tripod = report.parts
    assert (claim.title, tripod.title) == ("CLAIM 2024", "TRIPOD+AI")
    table = claim.tables["CLAIM 2024"]
    filled = dict(zip(table["item"], table["in this study"], strict=True))
    assert filled["23"] == "Versions: cxrclf 0.1, torch 2.9. Processor: a processor."
    assert filled["20"] == "Not disjoint: 2 copies on both sides."
    assert filled["34"] == "To be filled in by the authors."
    assert filled["7"].endswith("To be filled in by the authors: origin and dates.")
    n_filled = sum(
        text != "To be filled in by the authors." for text in filled.values()
    )
    assert claim.reading[0].startswith(f"{n_filled} of 44 items are filled")
    # The publication states what TRIPOD+AI asks in item 13, and the run does not know.
    results = make_study_results(protocol={"imbalance": "Equal classes"})
    stated = checklists(StudyScores(results)).parts[1]
    table_2 = stated.tables["TRIPOD+AI"]
    assert (
        "The publication states: Equal"
        in table_2["in this study"][table_2["item"].index("13")]
    )
    assert stated.reading == tripod.reading
    assert "Radiology: Artificial Intelligence" in table.caption
