from collections import Counter
from pathlib import Path

import pytest

from cxrclf.datasets import load_makris
from cxrclf.images import read_image_metadata

NAMES = (
    "train/covid/ciaa199.pdf-001-a.png",
    "train/covid/extubation-4.jpg",
    "train/normal/IM-0115-0001.jpeg",
    "train/pneumonia/person1_bacteria_1.jpeg",
    "train/pneumonia/person1_bacteria_2.jpeg",
    "test/covid/ciaa199.pdf-001-c.png",
    "test/covid/extubation-1.jpg",
    "test/normal/other.jpeg",
    "test/pneumonia/person83_bacteria_410.jpeg",
)


@pytest.fixture
def root(plant):
    return plant(*(f"COVID19-XRay-Dataset/{name}" for name in NAMES), "x/README.md")


def test_parts_classes_and_patients(root):
    data = load_makris(root)
    top = root / "COVID19-XRay-Dataset"
    assert [Path(p).relative_to(top).as_posix() for p in data.data[:, 0]] == list(NAMES)
    assert data.split.tolist() == [name.split("/")[0] for name in NAMES]
    assert data.target.tolist() == [name.split("/")[1] for name in NAMES]
    assert data.groups.tolist() == [
        *("cohen/ciaa199", "cohen/extubation", "kermany/IM-0115"),
        *("kermany/person1_bacteria", "kermany/person1_bacteria"),
        *("cohen/ciaa199", "cohen/extubation", "kermany/other"),
        "kermany/person83_bacteria",
    ]
    assert data.source.tolist() == [group.split("/")[0] for group in data.groups]
    text = "Patients in more than one part (2): 'cohen/ciaa199', 'cohen/extubation'."
    assert text in data.DESCR
    assert "publications by the file names" in data.DESCR


def test_patients_of_the_collection(root, tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text(
        "patientid,filename\n60,ciaa199.pdf-001-a.png\n62,ciaa199.pdf-001-c.png\n"
    )
    data = load_makris(root, metadata=path)
    assert data.groups[data.target == "covid"].tolist() == [
        *("cohen/60", "cohen/extubation", "cohen/62", "cohen/extubation"),
    ]
    assert "publications by the file names" not in data.DESCR


def test_one_part(root):
    data = load_makris(root / "COVID19-XRay-Dataset" / "test")
    assert data.split is None
    assert len(data.target) == 4
    assert "per part" not in data.DESCR


def test_other_folders(root, plant):
    top = root / "COVID19-XRay-Dataset"
    with pytest.raises(ValueError, match=r"holds train and test.* That is '.*train'"):
        load_makris(top / "train" / "covid")
    (top / "test").rename(top / "validation")
    with pytest.raises(
        ValueError, match="'train' and one folder 'test'; found 'train'"
    ):
        load_makris(top)
    (top / "validation").rename(top / "test")
    (top / "test" / "normal" / "other.jpeg").unlink()
    with pytest.raises(ValueError, match=r"No image in 'test.normal'"):
        load_makris(top)
    plant("COVID19-XRay-Dataset/train/tb/1.png")
    with pytest.raises(ValueError, match="'covid', 'normal' and 'pneumonia' only"):
        load_makris(top)


def test_frame(root):
    pytest.importorskip("pandas")
    frame = load_makris(root, as_frame=True).frame
    assert frame.columns.tolist() == ["path", "target", "split", "group", "source"]


def test_real_radiographs():
    folder = Path(__file__).parents[2].parent / "shared/data/covid-pneumonia-normal"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data) are not here")
    data = load_makris(folder)
    # One published test image is missing in this copy.
    assert Counter(zip(data.split, data.target, strict=True)) == {
        **{("train", name): 112 for name in data.target_names},
        ("test", "covid"): 29,
        ("test", "normal"): 30,
        ("test", "pneumonia"): 30,
    }
    train, test = data.split == "train", data.split == "test"
    shared = set(data.groups[train]) & set(data.groups[test])
    assert all(group.startswith("cohen/") for group in shared)
    rows = [group in shared for group in data.groups[test]]
    assert sum(rows) == 13
    pneumonia = data.target == "pneumonia"
    assert len(set(data.groups[train & pneumonia])) == 58
    # The rule of the notes: gray files have no COVID-19.
    is_gray = read_image_metadata(data.data[:, 0])["mode"] == "L"
    right = is_gray != (data.target == "covid")
    assert right.mean() == pytest.approx(0.962, abs=0.001)
