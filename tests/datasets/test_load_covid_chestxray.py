from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_covid_chestxray

TOP = "covid-chestxray-dataset-master"

# Headers of three versions of the published table, with made-up rows.
FIRST = """\
Patientid,offset,sex,age,finding,survival,view,date,location,filename,doi,\
 url,license,notes
1, ,,,COVID-19,,PA,2019,,one.jpg,,https://radiopaedia.org/cases/1,,
2,0,M,65,COVID-19,Y,PA,2020,,two-a.jpeg,10.1056/x,https://www.nejm.org/doi/x,,
2,3,M,65,COVID-19,Y,AP,2020,,two-b.jpeg,10.1056/x,https://www.nejm.org/doi/x,,
2,3,M,65,COVID-19,Y,L,2020,,two-l.jpeg,10.1056/x,https://www.nejm.org/doi/x,,
17,9,M,54,COVID-19,Y,CT,2020,,ct.jpg,10.3346/y,https://www.jkms.org/y,,
5,,,,ARDS,,PA,2017,,five.png,,https://en.wikipedia.org/z,,"Severe, intubated"
3,4,M,74,SARS,N,PA,2004,,three.jpeg,10.1148/w,https://pubs.rsna.org/w,,
"""
MIDDLE = """\
patientid,offset,sex,age,finding,survival,intubated,went_icu,needed_supplemental_O2,\
extubated,temperature,pO2 saturation,leukocyte count,neutrophil count,lymphocyte count,\
view,modality,date,location,folder,filename,doi, url,license,clinical notes,other notes,
2,0,M,65,COVID-19,Y,N,N,Y,,,,,,,PA,X-ray,2020,Vietnam,images,two.jpeg,10.1,u,,,,
8,5,F,42,"COVID-19, ARDS",,,,,,,,,,,AP Supine,X-ray,2020,,images,eight.jpg ,,,,,,
9,,F,46,Streptococcus,,,,,,,,,,,PA,X-ray,2004,,images,nine.jpg,,,,,,
9,,F,46,Streptococcus,,,,,,,,,,,Axial,CT,2004,,images,nine-ct.jpg,,,,,,
10,,,,COVID-19,,,,,,,,,,,Axial,CT,2020,,volumes,coronacases_1.nii.gz,,,,,,
11,,,,No Finding,,,,,,,,,,,PA,X-ray,2020,,images,eleven.png,,,,,,
"""
LAST = """\
patientid,offset,sex,age,finding,RT_PCR_positive,survival,intubated,intubation_present,\
went_icu,in_icu,needed_supplemental_O2,extubated,temperature,pO2_saturation,\
leukocyte_count,neutrophil_count,lymphocyte_count,view,modality,date,location,folder,\
filename,doi,url,license,clinical_notes,other_notes,
2,0,M,65,Pneumonia/Viral/COVID-19,Y,Y,,,,,,,,,,,,PA,X-ray,2020,"Hue, Vietnam ",images,\
a.jpeg,10.1056/x,https://www.nejm.org/x,,"fever, cough",,
2,3.5,M,65,Pneumonia/Viral/COVID-19,Y,Y,,,,,,,,,,,,AP Supine,X-ray,2020,,images,b.jpeg,\
,,CC BY,,,
4,,F,52,Pneumonia/Viral/Influenza/H1N1,,,,,,,,,,,,,,AP erect,X-ray,2020,,images,c.png,\
,,,,,
6,,F,30+,Pneumonia/Viral/Herpes ,,,,,,,,,,,,,,AP semi erect,X-ray,2020,,images,d.png,\
,https://radiopaedia.org/cases/1?lang=us,,,,
478,,F,75,No Finding,,,,,,,,,,,,,,AP,X-ray,,,images,e.png,,,,,,
478,,F,75,Pneumonia,,,,,,,,,,,,,,L,X-ray,,,images,f.png,,,,,,
480,,,,todo,,,,,,,,,,,,,,PA,X-ray,,,images,g.png,,,,,,
481,,,,Unknown,,,,,,,,,,,,,,PA,X-ray,,,images,h.png,,,,,,
482,,,,Tuberculosis,,,,,,,,,,,,,,PA,X-ray,,,images,i.png,,,,,,
483,,,,Pneumonia/Viral/COVID-19,,,,,,,,,,,,,,Axial,CT,,,volumes,v.nii.gz,,,,,,
"""
COVID = "Pneumonia/Viral/COVID-19"


@pytest.fixture
def write(plant):
    """Write a table and its images, and return the folder of the data set."""

    def write(table, *names, encoding="utf-8"):
        root = plant(*(f"{TOP}/images/{name}" for name in names)) / TOP
        root.mkdir(exist_ok=True)
        (root / "metadata.csv").write_bytes(table.encode(encoding))
        return root

    return write


@pytest.fixture
def last(write):
    return write(LAST, *(f"{name}.png" for name in "cdefghi"), "a.jpeg", "b.jpeg")


def names_of(paths):
    return [Path(path).name for path in paths]


def test_first_version(write):
    files = ("one.jpg", "two-a.jpeg", "two-b.jpeg", "five.png", "three.jpeg")
    data = load_covid_chestxray(write(FIRST, *files))
    assert names_of(data.data[:, 0]) == list(files)
    sars = "Pneumonia/Viral/SARS"
    assert data.target.tolist() == [COVID, COVID, COVID, "Pneumonia", sars]
    assert data.finding.tolist() == ["COVID-19"] * 3 + ["ARDS", "SARS"]
    assert data.groups.tolist() == ["1", "2", "2", "5", "3"]
    np.testing.assert_array_equal(data.offset, [np.nan, 0, 3, np.nan, 4])
    assert data.source.tolist() == [
        *("radiopaedia.org", "nejm.org", "nejm.org", "en.wikipedia.org"),
        "pubs.rsna.org",
    ]
    left_out = {why: names_of(paths) for why, paths in data.left_out.items()}
    assert left_out == {"view": ["two-l.jpeg"], "modality": ["ct.jpg"]}


def test_version_with_modality_and_two_findings(write):
    root = write(MIDDLE, "two.jpeg", "eight.jpg", "nine.jpg", "eleven.png")
    data = load_covid_chestxray(root)
    assert data.target.tolist() == [
        *(COVID, COVID, "Pneumonia/Bacterial/Streptococcus", "No Finding"),
    ]
    assert data.finding[1] == "COVID-19, ARDS"
    assert data.view.tolist() == ["PA", "AP Supine", "PA", "PA"]
    assert data.doi.tolist() == ["10.1", None, None, None]
    assert set(data.left_out) == {"modality"}


def test_last_version(last):
    data = load_covid_chestxray(last)
    assert names_of(data.data[:, 0]) == [
        *("a.jpeg", "b.jpeg", "c.png", "d.png", "e.png", "i.png"),
    ]
    assert all(Path(path).parent == last / "images" for path in data.data[:, 0])
    assert data.target.tolist() == [
        *(COVID, COVID, "Pneumonia/Viral/Influenza/H1N1", "Pneumonia/Viral/Herpes"),
        *("No Finding", "Tuberculosis"),
    ]
    assert data.target_names == sorted(set(data.target.tolist()))
    assert data.location[0] == "Hue, Vietnam"
    assert data.license.tolist() == [None, "CC BY", None, None, None, None]
    assert data.sex.tolist() == ["M", "M", "F", "F", "F", None]
    np.testing.assert_array_equal(data.age, [65, 65, 52, np.nan, 75, np.nan])
    np.testing.assert_array_equal(data.offset[:2], [0, 3.5])
    left_out = {why: names_of(paths) for why, paths in data.left_out.items()}
    assert left_out == {
        "view": ["f.png"],
        "finding": ["g.png", "h.png"],
        "modality": ["v.nii.gz"],
    }
    assert "6 radiographs of 5 patients" in data.DESCR
    assert f"{COVID!r} 2" in data.DESCR
    assert "2 without a finding ('g.png', 'h.png')" in " ".join(data.DESCR.split())


@pytest.mark.parametrize(
    ("level", "first_three"),
    [
        (1, ["Pneumonia"] * 3),
        (2, ["Pneumonia/Viral"] * 3),
        (3, [COVID, COVID, "Pneumonia/Viral/Influenza"]),
        (9, [COVID, COVID, "Pneumonia/Viral/Influenza/H1N1"]),
    ],
)
def test_levels(last, level, first_three):
    data = load_covid_chestxray(last, level=level)
    assert data.target.tolist()[:3] == first_three
    assert data.target.tolist()[-1] == "Tuberculosis"


def test_views(last):
    every = load_covid_chestxray(last, views="all")
    assert names_of(every.data[:, 0])[5] == "f.png"
    assert every.view[5] == "L"
    some = load_covid_chestxray(last, views=["pa", "APS"])
    assert some.view.tolist() == ["PA", "AP Supine", "PA"]
    with pytest.raises(ValueError, match=r"has the view 'LL'.*'AP', 'AP Supine'"):
        load_covid_chestxray(last, views=["PA", "LL"])


@pytest.mark.parametrize("views", ["PA", "", [], None, [1], 1, True])
def test_invalid_views(last, views):
    with pytest.raises(ValueError, match="views must be 'frontal', 'all', or a list"):
        load_covid_chestxray(last, views=views)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"level": 0}, "level must be"), ({"missing": "skip"}, "missing must be 'raise'")],
)
def test_other_invalid_parameters(last, wrong, message):
    with pytest.raises(ValueError, match=message):
        load_covid_chestxray(last, **wrong)


def test_missing_images_are_named(last):
    for name in ("a.jpeg", "c.png"):
        (last / "images" / name).unlink()
    (last / "images" / "f.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"2 of 6 .*: 'a\.jpeg', 'c\.png'\. "):
        load_covid_chestxray(last)
    data = load_covid_chestxray(last, missing="drop")
    assert names_of(data.data[:, 0]) == ["b.jpeg", "d.png", "e.png", "i.png"]
    assert names_of(data.left_out["missing"]) == ["a.jpeg", "c.png"]
    assert len(data.target) == len(data.offset) == len(data.groups) == 4


def test_files_that_no_row_names(last, plant):
    plant(*(f"{TOP}/images/{name}" for name in ("new.jpg", ".DS_Store", "notes.txt")))
    left_out = load_covid_chestxray(last).left_out
    assert names_of(left_out["unlisted"]) == ["new.jpg"]
    assert names_of(left_out["hidden"]) == [".DS_Store"]
    assert names_of(left_out["type"]) == ["notes.txt"]


def test_rows_of_the_same_image(write):
    row = "2,0,,,{},,{},,,{}.png,,,,\n"
    header = FIRST.splitlines(keepends=True)[0]
    table = header + "".join(
        row.format(*cells)
        for cells in [
            ("COVID-19", "PA", "same"),
            ("COVID-19", "PA", "same"),
            ("COVID-19", "PA", "other"),
            ("SARS", "PA", "other"),
            ("SARS", "L", "once"),
            ("SARS", "PA", "once"),
        ]
    )
    data = load_covid_chestxray(write(table, "same.png", "other.png", "once.png"))
    assert names_of(data.data[:, 0]) == ["same.png", "once.png"]
    assert {why: names_of(paths) for why, paths in data.left_out.items()} == {
        "conflict": ["other.png"]
    }


def test_rows_without_patient_or_file(write):
    header = FIRST.splitlines(keepends=True)[0]
    rows = ",0,,,SARS,,PA,,,a.png,,,,\n3,0,,,SARS,,PA,,,,,,,\n4,0,,,SARS,,PA,,,b.png\n"
    data = load_covid_chestxray(write(header + rows, "a.png", "b.png"))
    assert names_of(data.data[:, 0]) == ["b.png"]
    assert names_of(data.left_out["patient"]) == ["a.png"]
    assert len(data.left_out["missing"]) == 1


def test_case_and_blanks_of_file_names(write):
    root = write(MIDDLE, "TWO.JPEG", "eight.jpg ", "nine.jpg", "eleven.png")
    data = load_covid_chestxray(root)
    assert names_of(data.data[:2, 0]) == ["TWO.JPEG", "eight.jpg "]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
def test_encodings(write, encoding):
    table = FIRST.replace("Severe", "Sévère").replace("nejm.org", "nejm.org/é")
    files = ("one.jpg", "two-a.jpeg", "two-b.jpeg", "five.png", "three.jpeg")
    data = load_covid_chestxray(write(table, *files, encoding=encoding))
    assert data.url[1] == "https://www.nejm.org/é/doi/x"
    assert data.groups[0] == "1"


def test_folders_above_and_below(last):
    for folder in (last.parent, last):
        assert load_covid_chestxray(folder).data.shape == (6, 1)
    with pytest.raises(ValueError, match=rf"and images.*That is '.*{TOP}'"):
        load_covid_chestxray(last / "images")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_covid_chestxray(last / "nothing")


def test_folder_without_table_or_images(last, plant):
    with pytest.raises(ValueError, match="which holds metadata.csv and images"):
        load_covid_chestxray(plant("other/images/a.png") / "other")
    (last / "images").rename(last / "pictures")
    with pytest.raises(FileNotFoundError, match="Unpack the images beside the table"):
        load_covid_chestxray(last)


def test_table_of_another_set(write):
    table = "patientid,offset,sex,age,finding,view,imagename\nANON1,,,,,PA,a\n"
    with pytest.raises(
        ValueError, match=r"no column 'filename'.*'imagename'.*covid-chestxray-dataset"
    ):
        load_covid_chestxray(write(table))


def test_no_image_left(write):
    table = "".join(FIRST.splitlines(keepends=True)[i] for i in (0, 4, 5))
    with pytest.raises(ValueError, match="left out by reason: 1 'modality', 1 'view'"):
        load_covid_chestxray(write(table, "two-l.jpeg", "ct.jpg"))


def test_frame(last):
    pytest.importorskip("pandas")
    frame = load_covid_chestxray(last, as_frame=True).frame
    assert frame.columns.tolist() == [
        *("path", "target", "group", "finding", "view", "sex", "source", "location"),
        *("url", "doi", "license", "offset", "age"),
    ]
    assert len(frame) == 6
