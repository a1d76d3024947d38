import pytest

from cxrclf.datasets._kermany_names import NAME_FORMS, get_cause, get_patient


@pytest.mark.parametrize(
    ("file", "name", "patient"),
    [
        ("IM-0115-0001.jpeg", "normal", "IM-0115"),
        ("IM-0429-0001-0002.jpeg", "normal", "IM-0429"),
        ("NORMAL2-IM-0383-0001.jpeg", "normal", "NORMAL2-IM-0383"),
        ("NORMAL2-IM-1103-0001-0001.jpeg", "normal", "NORMAL2-IM-1103"),
        ("NORMAL-28501-0001.jpeg", "normal", "28501"),
        ("person1_bacteria_2.jpeg", "pneumonia", "person1_bacteria"),
        ("person447_virus_921_1.jpeg", "pneumonia", "person447_virus"),
        ("a/NORMAL/BACTERIA-1135262-0001.jpeg", "pneumonia", "1135262"),
        ("VIRUS-355597-0002.png", "pneumonia", "355597"),
    ],
)
def test_patients(file, name, patient):
    other = {"normal": "pneumonia", "pneumonia": "normal"}[name]
    assert get_patient(file, name) == patient
    assert get_patient(file, other) is None


@pytest.mark.parametrize(
    "file",
    [
        *("IM-0115.jpeg", "IM-0115-0001 (1).jpeg", "xIM-0115-0001.jpeg", "IM--1.jpeg"),
        *("person1_1.jpeg", "person_virus_1.jpeg", "person1_fungus_1.jpeg"),
        *("CNV-1016042-1.jpeg", "BACTERIA-1135262.jpeg", "Normal-1.png"),
    ],
)
def test_other_names_have_no_patient(file):
    assert get_patient(file, "normal") is None
    assert get_patient(file, "pneumonia") is None


def test_examples_of_names_fit():
    for name, text in NAME_FORMS.items():
        files = text.replace(" or ", ", ").split(", ")
        assert len(files) == 3
        assert all(get_patient(file, name) for file in files)


def test_causes():
    assert get_cause("virus/person1_bacteria_2.jpeg") == "bacteria"
    assert get_cause("BACTERIA-1135262-0001.jpeg") == "bacteria"
    assert get_cause("bacteria/person447_virus_921_1.jpeg") == "virus"
    assert get_cause("VIRUS-355597-0002.jpeg") == "virus"
