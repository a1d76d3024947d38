import json
from pathlib import Path

import pytest

from cxrclf.datasets import load_punn

LISTS = {
    "train": (
        *("0a9fd225-a33a-47de-849e-156933b21296.jpg,2", "nejmoa2001191_f1-PA.jpeg,1"),
        *("0a9fd225-a33a-47de-849e-156933b21296.jpg,2", "MCUCXR_0282_1.png,3"),
    ),
    "validation": ("nejmoa2001191_f5-PA.jpeg,1",),
    "test": (
        *("0a9fd225-a33a-47de-849e-156933b21296.jpg,2", "MCUCXR_0031_0.png,0"),
        "07afb190-e345-418c-8bd8-ca864b11b6d1.jpg,0",
    ),
}
IMAGES = (
    "rsna/0a9fd225-a33a-47de-849e-156933b21296.dcm",
    "rsna/07afb190-e345-418c-8bd8-ca864b11b6d1.dcm",
    "rsna/other.dcm",
    "cohen/images/nejmoa2001191_f1-PA.jpeg",
    "cohen/images/nejmoa2001191_f5-PA.jpeg",
    "MontgomerySet/CXR_png/MCUCXR_0282_1.png",
    "MontgomerySet/CXR_png/MCUCXR_0031_0.png",
)


@pytest.fixture
def root(plant):
    root = plant(*IMAGES)
    (root / "lists").mkdir()
    for name, lines in LISTS.items():
        text = "\n".join(("filename,label", *lines))
        (root / "lists" / f"{name}.csv").write_text(text)
    return root


def load(root, **parameters):
    images = [root / name for name in ("rsna", "cohen", "MontgomerySet")]
    return load_punn(root / "lists", **{"images": images} | parameters)


def test_each_image_once(root):
    data = load(root)
    assert [Path(path).name for path in data.data[:, 0]] == [
        "0a9fd225-a33a-47de-849e-156933b21296.dcm",
        *("nejmoa2001191_f1-PA.jpeg", "MCUCXR_0282_1.png", "nejmoa2001191_f5-PA.jpeg"),
        *("MCUCXR_0031_0.png", "07afb190-e345-418c-8bd8-ca864b11b6d1.dcm"),
    ]
    assert data.target.tolist() == [
        *("pneumonia", "covid", "tuberculosis", "covid", "normal", "normal"),
    ]
    assert data.split.tolist() == ["train"] * 3 + ["val"] + ["test"] * 2
    assert data.source.tolist() == [
        *("rsna", "cohen", "montgomery", "cohen", "montgomery", "rsna"),
    ]
    assert data.groups.tolist() == [
        *("rsna/0a9fd225-a33a-47de-849e-156933b21296", "cohen/nejmoa2001191"),
        *("montgomery/MCUCXR_0282", "cohen/nejmoa2001191", "montgomery/MCUCXR_0031"),
        "rsna/07afb190-e345-418c-8bd8-ca864b11b6d1",
    ]
    assert "8 lines of 6 images, and 1 image is in several parts." in data.DESCR
    assert "Patients in more than one part (1): 'cohen/nejmoa2001191'" in data.DESCR


def test_as_published(root):
    data = load(root, repeats=True)
    assert len(data.target) == 8
    assert data.split.tolist() == ["train"] * 4 + ["val"] + ["test"] * 3
    assert len(set(data.data[:, 0])) == 6


def test_patients(root):
    (root / "mapping.json").write_text(
        json.dumps(
            [
                {
                    "subset_img_id": "0a9fd225-a33a-47de-849e-156933b21296",
                    "img_id": "00019124_092.png",
                }
            ]
        )
    )
    (root / "metadata.csv").write_text(
        "patientid,filename\n13,nejmoa2001191_f1-PA.jpeg\n"
    )
    data = load(root, mapping=root / "mapping.json", metadata=root / "metadata.csv")
    assert data.groups[:2].tolist() == ["rsna/00019124", "cohen/13"]
    assert data.groups[3] == "cohen/nejmoa2001191"


def test_missing_images(root):
    images = root / "rsna"
    with pytest.raises(FileNotFoundError, match=r"4 of 6 images .*'nejmoa2001191_f1"):
        load(root, images=images)
    data = load(root, images=images, missing="drop")
    assert data.source.tolist() == ["rsna", "rsna"]
    assert len(data.left_out["missing"]) == 4
    (root / "empty").mkdir()
    with pytest.raises(ValueError, match="No image of the lists is in"):
        load(root, images=root / "empty", missing="drop")


def test_other_folders(root):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load(root, images=root / "nowhere")
    with pytest.raises(ValueError, match=r"holds train\.csv and test\.csv"):
        load_punn(root / "cohen" / "images", images=root)
    with pytest.raises(ValueError, match="missing must be"):
        load(root, missing="no")


def test_frame(root):
    pytest.importorskip("pandas")
    frame = load(root, as_frame=True).frame
    assert frame.columns.tolist() == ["path", "target", "split", "group", "source"]
