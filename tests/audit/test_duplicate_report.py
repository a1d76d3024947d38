import pickle

import numpy as np
import pytest

from cxrclf.audit import StratifiedPatientKFold
from cxrclf.audit._duplicate_report import DuplicateReport
from cxrclf.images import ImageInput

PAIRS = [
    (0, 3, "exact", 1.0),
    (1, 2, "flipped", 0.99),
    (2, 6, "cropped", 0.98),
    (1, 6, "flipped + cropped", 0.97),
]
NAMES = [f"image{row}.png" for row in range(8)]


def make_report(pairs=PAIRS):
    sizes, pictures = np.full((8, 2), 50), np.zeros((8, 16, 16), np.uint8)
    return DuplicateReport(pairs, NAMES, sizes, pictures)


def test_groups_are_connected_components():
    report = make_report()
    assert [group.tolist() for group in report.groups] == [[0, 3], [1, 2, 6]]
    assert report.labels.tolist() == [0, 1, 1, 0, 2, 3, 1, 4]
    assert report.tables["groups"]["n_images"] == [2, 3]
    assert report.tables["groups"]["images"][1] == "image1.png, image2.png, image6.png"


def test_findings_count_superfluous_images():
    exact, near = make_report().findings
    assert (exact.code, exact.n) == ("exact_copies", 1)
    assert (near.code, near.n) == ("near_copies", 2)
    assert near.message == (
        "2 images are changed copies of other images (pairs: 1 cropped, 1 flipped, "
        "1 flipped + cropped)."
    )
    assert make_report().exit_status("duplicates") == 1


def test_text_and_page():
    report = make_report()
    assert "2 groups have 5 images, so that 5 images remain" in str(report)
    assert "image6.png" in report.to_html()
    assert report.to_frame("pairs").shape == (4, 6)


def test_no_copies():
    report = make_report([])
    assert report.groups == []
    assert report.findings == ()
    assert report.exit_status() == 0
    assert len(report.pairs) == 0
    assert "None of them is a copy" in str(report)
    with pytest.raises(ValueError, match="no copies to draw"):
        report.plot()


def test_plot_and_pickle(monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    report = pickle.loads(pickle.dumps(make_report()))
    figure = report.plot(np.arange(8))
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.images]
    assert len(titles) == 5
    assert titles[1] == "image3.png\n3\nrow 3, copy of row 0:\nexact"
    assert len(make_report().plot(max_groups=1).axes) == 2
    with pytest.raises(ValueError, match=r"8 images, got the shape \(3,\)"):
        report.plot([1, 2, 3])
    pyplot.close("all")


def test_a_report_keeps_only_the_pictures_of_copies():
    pictures = np.zeros((8, 16, 16), np.uint8)
    report = DuplicateReport(PAIRS[:1], NAMES, np.full((8, 2), 50), pictures)
    assert sorted(report._pictures) == [0, 3]
    assert not any(
        np.shares_memory(picture, pictures)
        for _, _, picture in report._pictures.values()
    )


def test_labels_of_some_files():
    report = DuplicateReport(
        PAIRS, NAMES, np.full((8, 2), 50), np.zeros((8, 16, 16), np.uint8), NAMES
    )
    part = ImageInput.from_X(["image3.png", "image4.png", "image0.png"])
    assert report.find_labels(part).tolist() == [0, 2, 0]
    assert report.find_labels(ImageInput.from_X(["other.png"])) is None
    assert report.find_labels(ImageInput.from_X(np.zeros((2, 4, 4)))) is None
    assert make_report().find_labels(part) is None


def test_nested_cross_validation_on_files():
    report = DuplicateReport(
        PAIRS, NAMES, np.full((8, 2), 50), np.zeros((8, 16, 16), np.uint8), NAMES
    )
    files = np.array(NAMES, object)[:, None][[0, 1, 2, 3, 6, 7]]
    folds = StratifiedPatientKFold(2, duplicates=report)
    for train, test in folds.split(files, [0, 1, 1, 0, 1, 0], groups=range(6)):
        names = [set(files[rows, 0]) for rows in (train, test)]
        for copies in ({"image0.png", "image3.png"}, {"image1.png", "image2.png"}):
            assert copies <= names[0] or copies <= names[1]
