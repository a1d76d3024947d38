from pathlib import Path

import pytest

from cxrclf.datasets import load_actualmed_covid

TOP = "Actualmed-COVID-chestxray-dataset"

# The header of the published table, with made-up rows.
TABLE = """\
patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,\
imagename,artifacts/distortion,notes
ANON196,,,,,,,,PA,X-ray,CR.1.2.3.png,,"Inconclusive, date taken (YYYYMMDD): 20200313"
ANON58,,,,COVID-19,,,,AP,X-ray,CR.1.2.4.png,,", date taken (YYYYMMDD): 20200326"
ANON58,,,,No finding,,,,PA,X-ray,DX.1.2.5.png,,"Negative (covid-19 viral infection is \
excluded), date taken (YYYYMMDD): 20200401"
ANON7,,,,No finding,,,,,X-ray,other.png,,", date taken (YYYYMMDD): 20209901"
ANON8,,,,No finding,,,,PA,X-ray,dx.1.2.6.png,,
"""
NAMES = ("CR.1.2.3.png", "CR.1.2.4.png", "DX.1.2.5.png", "other.png", "dx.1.2.6.png")
COVID = "Pneumonia/Viral/COVID-19"


@pytest.fixture
def write(plant):
    def write(table=TABLE):
        root = plant(*(f"{TOP}/images/{name}" for name in NAMES)) / TOP
        (root / "metadata.csv").write_text(table, encoding="utf-8")
        return root

    return write


def test_images_with_a_finding(write):
    data = load_actualmed_covid(write())
    assert [Path(path).name for path in data.data[:, 0]] == [
        *("CR.1.2.4.png", "DX.1.2.5.png", "dx.1.2.6.png"),
    ]
    assert data.target.tolist() == [COVID, "No Finding", "No Finding"]
    assert data.groups.tolist() == ["ANON58", "ANON58", "ANON8"]
    assert data.device.tolist() == ["CR", "DX", "DX"]
    assert data.date.astype(str).tolist() == ["2020-03-26", "2020-04-01", "NaT"]
    left_out = {why: [Path(p).name for p in ps] for why, ps in data.left_out.items()}
    assert left_out == {"view": ["other.png"], "finding": ["CR.1.2.3.png"]}
    assert "3 radiographs of 2 patients" in data.DESCR


def test_views_and_level(write):
    every = load_actualmed_covid(write(), views="all", level=1)
    assert every.target.tolist() == ["Pneumonia"] + ["No Finding"] * 3
    assert every.view.tolist() == ["AP", "PA", None, "PA"]
    assert every.device[2] is None
    assert every.date.astype(str)[2] == "NaT"
    assert load_actualmed_covid(write(), views=["AP"]).data.shape == (1, 1)


@pytest.mark.parametrize(
    "wrong", [{"views": "AP"}, {"level": 0}, {"missing": "ignore"}]
)
def test_invalid_parameters(write, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        load_actualmed_covid(write(), **wrong)


def test_missing_image(write):
    root = write()
    (root / "images" / "CR.1.2.4.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 3 .*: 'CR\.1\.2\.4\.png'"):
        load_actualmed_covid(root)
    data = load_actualmed_covid(root, missing="drop")
    assert data.target_names == ["No Finding"]


def test_table_of_another_set(write):
    table = "patientid,finding,view,filename\n2,COVID-19,PA,a.jpg\n"
    with pytest.raises(
        ValueError, match=r"no column 'imagename'.*load_covid_chestxray and"
    ):
        load_actualmed_covid(write(table))


def test_wrong_folder(write):
    with pytest.raises(ValueError, match=r"Give Actualmed-COVID.* That is '.*dataset'"):
        load_actualmed_covid(write() / "images")


def test_frame(write):
    pytest.importorskip("pandas")
    frame = load_actualmed_covid(write(), as_frame=True).frame
    assert frame.columns.tolist() == [
        *("path", "target", "group", "finding", "view", "device", "date"),
    ]
    assert frame["date"].dtype.kind == "M"
