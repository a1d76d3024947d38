import numpy as np
import pytest

from cxrclf.datasets._covid_collection import CovidCollection, check_parameters

NAME = "covid-chestxray-dataset"
TABLE = """\
patientid,finding,view,filename
1,SARS,PA,a.png
2,No Finding,L,b.png
"""


@pytest.fixture
def write(plant):
    def write(table=TABLE):
        root = plant(f"{NAME}/images/a.png", f"{NAME}/images/b.png") / NAME
        (root / "metadata.csv").write_text(table)
        return root

    return write


def test_images_and_description(write):
    root = write()
    collection = CovidCollection(root.parent, NAME, ["patientid", "filename"])
    assert collection.root == root
    listed = collection.list_images()
    assert listed.paths == [str(root / "images" / name) for name in ("a.png", "b.png")]
    fields = {
        "target": np.array([row["target"] for row in listed.rows]),
        "groups": np.array([row["patient"] for row in listed.rows]),
    }
    bunch = collection.make_bunch("Title", listed, fields, None)
    text = " ".join(bunch.DESCR.split())
    assert text == (
        f"Title: 2 radiographs of 2 patients in {root}. Images per class: "
        "'No Finding' 1, 'Pneumonia/Viral/SARS' 1."
    )


def test_no_image_is_left(write):
    collection = CovidCollection(write(TABLE.replace("PA", "L")), NAME, ["patientid"])
    with pytest.raises(ValueError, match=r"No row .* by reason: 2 'view'\. Choose"):
        collection.list_images("frontal")


def test_tables_of_other_collections(write):
    root = write("patientid,finding\n1,SARS\n")
    message = (
        r"no column 'filename'.*load_covid_chestxray reads .* load_figure1_covid and "
        "load_actualmed_covid read the tables"
    )
    with pytest.raises(ValueError, match=message):
        CovidCollection(root, NAME, ["filename"])
    with pytest.raises(ValueError, match=f"Give {NAME}, which holds metadata.csv"):
        CovidCollection(root / "images", NAME, ["filename"])


def test_parameters():
    check_parameters(None, "drop")
    check_parameters(2, "raise")
    with pytest.raises(ValueError, match="level must be"):
        check_parameters(0, "raise")
    with pytest.raises(ValueError, match="missing must be"):
        check_parameters(1, "keep")
