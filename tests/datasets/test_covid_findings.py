import pytest

from cxrclf.datasets._covid_findings import find_class

VIRAL, BACTERIAL = "Pneumonia/Viral", "Pneumonia/Bacterial"


@pytest.mark.parametrize(
    ("finding", "path"),
    [
        ("COVID-19", f"{VIRAL}/COVID-19"),
        ("covid-19 ", f"{VIRAL}/COVID-19"),
        (f"{VIRAL}/COVID-19", f"{VIRAL}/COVID-19"),
        ("pneumonia/viral/covid-19", f"{VIRAL}/COVID-19"),
        ("MERS", f"{VIRAL}/MERS-CoV"),
        ("E.Coli", f"{BACTERIAL}/E.Coli"),
        (f"{BACTERIAL}/Staphylococcus/MRSA", f"{BACTERIAL}/Staphylococcus/MRSA"),
        ("Pneumocystis", "Pneumonia/Fungal/Pneumocystis"),
        ("Lipoid", "Pneumonia/Lipoid"),
        ("No finding", "No Finding"),
        ("Pneumonia", "Pneumonia"),
        # ARDS alone is a pneumonia in the newer tables, such as that of patient 5.
        ("ARDS", "Pneumonia"),
        ("COVID-19, ARDS", f"{VIRAL}/COVID-19"),
        ("ARDS,SARS", f"{VIRAL}/SARS"),
        ("Sarcoidosis", "Sarcoidosis"),
        ("Lung cancer/Adenocarcinoma ", "Lung cancer/Adenocarcinoma"),
    ],
)
def test_path_of_a_finding(finding, path):
    assert find_class(finding) == path


@pytest.mark.parametrize("finding", ["", " ", "todo", "Unknown", "unknown, todo"])
def test_findings_that_are_not_known(finding):
    assert find_class(finding) is None


def test_unknown_beside_a_finding():
    assert find_class("SARS, todo") == f"{VIRAL}/SARS"


def test_several_findings_share_a_class():
    assert find_class("Klebsiella, Streptococcus") == BACTERIAL
    assert find_class("COVID-19, Streptococcus") == "Pneumonia"
    assert find_class("Pneumonia, COVID-19") == f"{VIRAL}/COVID-19"
    assert find_class("SARS, SARS") == f"{VIRAL}/SARS"
    assert find_class("Tuberculosis, COVID-19", 1) == "Pneumonia+Tuberculosis"


def test_levels_only_shorten():
    found = [find_class("Influenza/H1N1", level) for level in (1, 2, 3, 4, 5)]
    assert found == [
        *("Pneumonia", VIRAL, f"{VIRAL}/Influenza", f"{VIRAL}/Influenza/H1N1"),
        f"{VIRAL}/Influenza/H1N1",
    ]
    assert find_class("Pneumonia", 3) == "Pneumonia"
