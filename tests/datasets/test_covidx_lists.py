import pytest

from cxrclf.datasets._covidx_lists import (
    choose_covidx_lists,
    find_covidx_lists,
    read_covidx_list,
)

# Lines of published lists, with their blanks, errors of typing and missing fields.
LINES = {
    "3 SARS-10.1148rg.242035193-g04mr34g0-Fig8a-day0.jpeg viral": (
        *("SARS-10.1148rg.242035193-g04mr34g0-Fig8a-day0.jpeg", "viral", "3", None),
    ),
    "10000927 NORMAL2-IM-0927-0001.jpeg normal": (
        *("NORMAL2-IM-0927-0001.jpeg", "normal", "10000927", None),
    ),
    "450 4c8dee3d9fe81567b98ed1b0b2b4c6_jumbo.JPG pneumonia cohen": (
        *("4c8dee3d9fe81567b98ed1b0b2b4c6_jumbo.JPG", "pneumonia", "cohen/450"),
        "cohen",
    ),
    "COVID 305 COVID(305).png COVID-19 sirm": (
        *("COVID(305).png", "COVID-19", "sirm/COVID 305", "sirm"),
    ),
    "COVID-19(1) COVID-19 (1).png positive sirm": (
        *("COVID-19 (1).png", "positive", "sirm/COVID-19(1)", "sirm"),
    ),
    "ANON56 CR.1.2.840.113564.1722810170.1003000225002.png negative actmed": (
        *("CR.1.2.840.113564.1722810170.1003000225002.png", "negative"),
        *("actmed/ANON56", "actmed"),
    ),
    "440808-000020 MIDRC-RICORD-1C-440808-000020-8.458-0.png COVID-19 ricord": (
        *("MIDRC-RICORD-1C-440808-000020-8.458-0.png", "COVID-19"),
        *("ricord/440808-000020", "ricord"),
    ),
    "COVID-00003b COVID-00003b.jpg COVID-19 fig1": (
        *("COVID-00003b.jpg", "COVID-19", "fig1/COVID-00003", "fig1"),
    ),
    "47c78742 47c78742.png normal rnsa": (
        *("47c78742.png", "normal", "rsna/47c78742", "rsna"),
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_lines(tmp_path, line):
    path = tmp_path / "train.txt"
    path.write_text(f"{line}\n\n")
    (row,) = read_covidx_list(path)
    names = ("filename", "target", "patient", "source")
    assert tuple(row[name] for name in names) == LINES[line]
    assert row["reason"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 a.jpg COVID-19\nb.jpg 2\n", r"other lines \(1\): 'b\.jpg 2'"),
        ("\n", "the file is empty"),
        ("2 a.jpg severe cohen\n", "lists of the severity are not read"),
    ],
)
def test_other_files(tmp_path, text, message):
    path = tmp_path / "train.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_covidx_list(path)


def test_versions(plant):
    root = plant(
        *("train.txt", "test.txt", "val.txt", "notes.txt", "train_COVIDx9A.txt"),
        *("labels/test_COVIDx9A.txt", "labels/train_COVIDx_CXR-3A.txt"),
        *("labels/train_COVIDx9A.txt", "train_split_v2.txt"),
    )
    found = find_covidx_lists(root)
    assert set(found) == {"", "9A", "CXR-3A", "split_v2"}
    assert found["9A"] == {
        "train": root / "train_COVIDx9A.txt",
        "test": root / "labels" / "test_COVIDx9A.txt",
    }
    assert list(choose_covidx_lists(root, None)) == ["train", "val", "test"]
    assert list(choose_covidx_lists(root, "cxr-3a")) == ["train"]
    with pytest.raises(ValueError, match=r"COVIDx8A.*are: '9A', 'CXR-3A', 'split_v2'"):
        choose_covidx_lists(root, "8A")
    for name in ("train.txt", "test.txt", "val.txt"):
        (root / name).unlink()
    with pytest.raises(ValueError, match="several versions: '9A', 'CXR-3A'"):
        choose_covidx_lists(root, None)


def test_the_only_version(plant):
    root = plant("train_COVIDx5.txt", "test_COVIDx5.txt")
    assert list(choose_covidx_lists(root, None)) == ["train", "test"]
