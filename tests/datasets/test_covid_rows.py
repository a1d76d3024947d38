import numpy as np
import pytest

from cxrclf.datasets._covid_rows import (
    check_views,
    clean_view,
    get_site,
    make_fields,
    prepare_rows,
)


def make_row(**cells):
    return {"filename": "a.png", "patientid": "1", "finding": "SARS"} | cells


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({}, None),
        ({"view": "PA"}, None),
        ({"modality": "X-Ray", "view": "L"}, None),
        ({"modality": "CT"}, "modality"),
        ({"view": "CT"}, "modality"),
        ({"modality": "X-ray", "view": "axial"}, "modality"),
        ({"filename": "a.nii.gz"}, "modality"),
        ({"finding": "todo"}, "finding"),
        ({"patientid": ""}, "patient"),
        ({"filename": ""}, "missing"),
    ],
)
def test_reasons_with_all_views(cells, reason):
    row = make_row(**cells)
    prepare_rows([row])
    assert row["reason"] == reason


@pytest.mark.parametrize(
    ("view", "frontal"),
    [
        *[(v, True) for v in ("PA", "AP", "ap supine", "APS", "AP erect", "AP-x")],
        *[(v, False) for v in ("L", "Lateral", "", "Apical", "Oblique")],
    ],
)
def test_frontal_views(view, frontal):
    row = make_row(view=view)
    prepare_rows([row], "frontal")
    assert row["reason"] == (None if frontal else "view")


def test_spelling_of_views():
    views = ["pa", " AP  supine", "aps", "l", "lateral", "AP Semi Erect", "", "Axial"]
    assert list(map(clean_view, views)) == [
        *("PA", "AP Supine", "AP Supine", "L", "L", "AP semi erect", "", "Axial"),
    ]
    assert check_views(("lateral", "PA")) == {"L", "PA"}
    assert check_views(np.array(["AP"])) == {"AP"}


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.sirm.org/2020/03/08/covid-19-caso-1/", "sirm.org"),
        ("https://radiopaedia.org/cases/1?lang=us", "radiopaedia.org"),
        ("www.eurorad.org/case/16953", "eurorad.org"),
        ("https://a.org/1 https://b.org/2", "a.org"),
        ("", ""),
        ("https://[", ""),
    ],
)
def test_sites(url, site):
    assert get_site(url) == site


def test_fields_that_are_not_known():
    rows = [make_row(offset="-2", age="50+", sex="F"), make_row(offset="nan")]
    prepare_rows(rows)
    fields = make_fields(rows, ["sex", "doi"], ["offset", "age"])
    np.testing.assert_array_equal(fields["offset"], [-2, np.nan])
    np.testing.assert_array_equal(fields["age"], [np.nan, np.nan])
    assert fields["sex"].tolist() == ["F", None]
    assert fields["doi"].tolist() == [None, None]
    assert fields["target"].tolist() == ["Pneumonia/Viral/SARS"] * 2
