from collections import defaultdict

import pytest

from cxrclf.datasets._cohen_names import get_publication, read_cohen_patients

# File names by patient, as in the lists of COVIDx. Names in one line belong to patients
# of one publication.
PATIENTS = {
    "2": (
        "auntminnie-a-2020_01_28_23_51_6665_2020_01_28_Vietnam_coronavirus.jpeg",
        "auntminnie-d-2020_01_28_23_51_6665_2020_01_28_Vietnam_coronavirus.jpeg",
    ),
    "4": ("nejmc2001573_f1a.jpeg", "nejmc2001573_f1b.jpeg"),
    "6": ("lancet-case2a.jpg", "lancet-case2b.jpg"),
    "13": ("nejmoa2001191_f1-PA.jpeg", "nejmoa2001191_f4.jpeg"),
    "15": ("ryct.2020200034.fig5-day0.jpeg", "ryct.2020200034.fig5-day7.jpeg"),
    "57": ("all14238-fig-0001-m-b.jpg", "all14238-fig-0001-m-c.jpg"),
    "59": (
        "1-s2.0-S1684118220300608-main.pdf-001.jpg",
        "1-s2.0-S1684118220300608-main.pdf-002.jpg",
    ),
    "73": (
        "41591_2020_819_Fig1_HTML.webp-day10.png",
        "41591_2020_819_Fig1_HTML.webp-day5.png",
    ),
    "164": ("covid-19-pneumonia-22-day1-pa.png", "covid-19-pneumonia-22-day2-pa.png"),
    "166": ("covid-19-pneumonia-38-pa.jpg",),
    "173": ("covid-19-pneumonia-58-day-3.jpg", "covid-19-pneumonia-58-day-10.jpg"),
    "191": (
        "67d668e570c242404ba82c7cbe2ca8f2-05be-0.jpg",
        "67d668e570c242404ba82c7cbe2ca8f2-0015-0.jpg",
    ),
    "192": ("AR-1.jpg", "AR-2.jpg"),
    "196": ("extubation-1.jpg", "extubation-13.jpg"),
    "271": ("16646_1_1.jpg",),
    "272": ("16583_1_1.jpg", "16583_3_1.jpg"),
    "288": ("nejmoa2001017_f1-a.png", "nejmoa2001017_f1-b.png"),
    "291": ("296_2020_4584_Fig2_HTML-a.png", "296_2020_4584_Fig2_HTML-c.png"),
    "33": ("7C69C012-7479-493F-8722-ABC29C60A2DD.jpeg",),
    "41": ("7AF6C1AF-D249-4BD2-8C26-449304105D03.jpeg",),
}


def test_publications_are_patients_in_most_cases():
    patients = defaultdict(set)
    for patient, names in PATIENTS.items():
        assert len({get_publication(name) for name in names}) == 1
        patients[get_publication(names[0])].add(patient)
    assert max(map(len, patients.values())) == 1


def test_patients_of_one_publication_stay_together():
    # Patients 60, 61, 62 and patients 63, 64.
    names = ("ciaa199.pdf-001-a.png", "ciaa199.pdf-001-c.png")
    assert {get_publication(name) for name in names} == {"ciaa199"}
    names = ("kjr-21-e24-g001-l-a.jpg", "kjr-21-e24-g002-l-a.jpg")
    assert {get_publication(name) for name in names} == {"kjr-21-e24"}
    assert get_publication("kjr-21-e25-g001-l-a.jpg") == "kjr-21-e25"


@pytest.mark.parametrize("name", ["a.png", "1.png", "pa.jpg", "x-1.png"])
def test_a_short_name_has_a_publication(name):
    assert get_publication(name)


def test_table_of_patients(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text("Patientid,finding,filename\n2,COVID-19,A.JPG \n,COVID-19,b.png\n")
    assert read_cohen_patients(path) == {"a.jpg": "2"}
    path.write_text("name,filename\n2,a.jpg\n")
    with pytest.raises(ValueError, match=r"no column 'patientid'.*ieee8023"):
        read_cohen_patients(path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_cohen_patients(tmp_path / "other.csv")
