from pathlib import Path

import pytest

from cxrclf.datasets import load_darkcovidnet

TOP = "COVID-19-master/X-Ray Image DataSet"
NAMES = (
    "Covid-19/all14238-fig-0002-m-d.jpg",
    "Covid-19/all14238-fig-0002-m-f.jpg",
    "No_findings/00001280_004.png",
    "No_findings/00001684_003.png",
    "No_findings/00001684_006.png",
    "Pneumonia/00001280_001.png",
)


@pytest.fixture
def root(plant):
    return plant(*(f"{TOP}/{name}" for name in NAMES))


def test_classes_and_patients(root):
    data = load_darkcovidnet(root)
    paths = [Path(p).relative_to(root / TOP).as_posix() for p in data.data[:, 0]]
    assert paths == list(NAMES)
    assert data.target.tolist() == [name.split("/")[0] for name in NAMES]
    assert data.groups.tolist() == [
        *("cohen/all14238", "cohen/all14238", "nih/00001280"),
        *("nih/00001684", "nih/00001684", "nih/00001280"),
    ]
    assert data.source.tolist() == ["cohen"] * 2 + ["nih"] * 4
    text = " ".join(data.DESCR.split())
    assert text == (
        f"6 radiographs of DarkCovidNet in {root / TOP}. Images per class: "
        "'Covid-19' 2, 'No_findings' 3, 'Pneumonia' 1. Patients of the NIH: 2, of them "
        "in two classes: 1."
    )


def test_other_name_of_the_folder(plant):
    root = plant(*(f"Dataset/{name.lower()}" for name in NAMES))
    assert load_darkcovidnet(root).target_names == [
        *("Covid-19", "No_findings", "Pneumonia"),
    ]


def test_patients_of_the_collection(root, tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text("patientid,filename\n58,all14238-fig-0002-m-d.jpg\n")
    data = load_darkcovidnet(root, metadata=path)
    assert data.groups[:2].tolist() == ["cohen/58", "cohen/all14238"]


def test_other_folders(root, plant):
    with pytest.raises(ValueError, match=r"holds Covid-19.* That is '.*DataSet'"):
        load_darkcovidnet(root / TOP / "Pneumonia")
    plant(f"{TOP}/No_findings/normal-1.png")
    with pytest.raises(ValueError, match=r"other names \(1\) .*normal-1\.png"):
        load_darkcovidnet(root)
    (root / TOP / "No_findings" / "normal-1.png").unlink()
    plant(f"{TOP}/Tuberculosis/1.png")
    with pytest.raises(
        ValueError, match=r"'Covid-19', .* only; found .*'Tuberculosis'"
    ):
        load_darkcovidnet(root)
    (root / TOP / "Tuberculosis" / "1.png").unlink()
    (root / TOP / "Tuberculosis").rmdir()
    (root / TOP / "Pneumonia" / "00001280_001.png").unlink()
    with pytest.raises(ValueError, match="No image in 'Pneumonia'"):
        load_darkcovidnet(root)


def test_frame(root):
    pytest.importorskip("pandas")
    frame = load_darkcovidnet(root, as_frame=True).frame
    assert frame.columns.tolist() == ["path", "target", "group", "source"]
