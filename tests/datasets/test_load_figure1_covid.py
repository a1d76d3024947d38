from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_figure1_covid

TOP = "Figure1-COVID-chestxray-dataset"

# The header of the published table, with made-up rows.
TABLE = """\
patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,\
artifacts/distortion,notes
COVID-00001,13,M,33,COVID-19,,,58,AP erect,X-ray,,"Saturation, 58%"
COVID-00002,,M,50+,,,38°,,AP erect,X-ray,,
COVID-00015a,,,67+,COVID-19,,,,,X-ray,Some from monitor,
COVID-00015b,,,67+,COVID-19,,,,,X-ray,,
COVID-00023,,,,No finding,,,,,X-ray,,labeled normal
COVID-00031,,,,Pneumonia,,,,PA,X-ray,,
"""
FILES = ("1.jpg", "2.jpg", "15a.png", "15b.jpg", "23.jpg", "31.png")


@pytest.fixture
def write(plant):
    def write(table=TABLE, encoding="latin-1"):
        for file in FILES:
            stem, ending = file.split(".")
            number = stem.rstrip("ab").zfill(5) + stem.lstrip("0123456789")
            plant(f"{TOP}/images/COVID-{number}.{ending}")
        root = plant() / TOP
        (root / "metadata.csv").write_bytes(table.encode(encoding))
        return root

    return write


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_images_with_a_finding(write, encoding):
    data = load_figure1_covid(write(encoding=encoding))
    assert [Path(path).name for path in data.data[:, 0]] == [
        *("COVID-00001.jpg", "COVID-00015a.png", "COVID-00015b.jpg"),
        *("COVID-00023.jpg", "COVID-00031.png"),
    ]
    covid = "Pneumonia/Viral/COVID-19"
    assert data.target.tolist() == [covid] * 3 + ["No Finding", "Pneumonia"]
    assert data.groups.tolist() == [
        *("COVID-00001", "COVID-00015", "COVID-00015", "COVID-00023", "COVID-00031"),
    ]
    assert data.view.tolist() == ["AP erect", None, None, None, "PA"]
    np.testing.assert_array_equal(data.age, [33] + [np.nan] * 4)
    np.testing.assert_array_equal(data.offset, [13] + [np.nan] * 4)
    assert {why: len(paths) for why, paths in data.left_out.items()} == {"finding": 1}
    assert "5 radiographs of 4 patients" in data.DESCR


def test_level(write):
    assert load_figure1_covid(write(), level=1).target_names == [
        *("No Finding", "Pneumonia"),
    ]
    with pytest.raises(ValueError, match="level must be an int, 1 or more"):
        load_figure1_covid(write(), level=True)


def test_missing_image(write):
    root = write()
    (root / "images" / "COVID-00015b.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="1 of 5 .* in '.*': 'COVID-00015b'"):
        load_figure1_covid(root)
    data = load_figure1_covid(root, missing="drop")
    assert data.data.shape == (4, 1)
    assert len(data.left_out["missing"]) == 1
    with pytest.raises(ValueError, match="missing must be"):
        load_figure1_covid(root, missing=None)


def test_table_of_another_set(write):
    table = "patientid,finding,view,filename\n2,COVID-19,PA,a.jpg\n"
    with pytest.raises(ValueError, match=r"\(1\): '2'\. .*load_covid_chestxray and"):
        load_figure1_covid(write(table))
    with pytest.raises(ValueError, match=r"no column 'view'\. .*Figure1-COVID"):
        load_figure1_covid(write("patientid,finding\n"))


def test_wrong_folder(write):
    with pytest.raises(ValueError, match=r"Give Figure1-COVID.* That is '.*dataset'"):
        load_figure1_covid(write() / "images")


def test_frame(write):
    pytest.importorskip("pandas")
    frame = load_figure1_covid(write(), as_frame=True).frame
    assert frame.columns.tolist() == [
        *("path", "target", "group", "finding", "view", "sex", "offset", "age"),
    ]
