import numpy as np
import pandas as pd
import pytest

from cxrclf.metrics import CalibrationTable, Estimate


@pytest.fixture
def table():
    undefined = Estimate(np.nan, np.nan, np.nan)
    scores = {
        "covid": {"ece": Estimate(0.08, np.nan, np.nan), "slope": Estimate(1, 0.5, 2)},
        "overall": {"ece": Estimate(0.1, np.nan, np.nan), "slope": undefined},
    }
    return CalibrationTable(scores, n_images=20, n_patients=8, confidence_level=0.9)


def test_text_shows_intervals_where_they_are_defined(table):
    header, covid, overall, footer, _ = str(table).splitlines()
    assert header.split() == ["ece", "slope"]
    assert covid.split() == ["covid", "0.080", "1.000", "[0.500,", "2.000]"]
    assert overall.split() == ["overall", "0.100", "nan"]
    assert footer == "[low, high]: 90 % intervals, 20 images of 8 patients."
    assert repr(table) == "<CalibrationTable of 1 classes, 20 images of 8 patients>"


def test_cells_by_name(table):
    assert table["covid", "slope"] == (1, 0.5, 2)
    assert table.rows == ("covid", "overall")
    assert table.columns == ("ece", "slope")
    with pytest.raises(KeyError, match="No column 'auc'"):
        table["covid", "auc"]


def test_csv(table, tmp_path):
    table.to_csv(tmp_path / "table.csv")
    found = pd.read_csv(tmp_path / "table.csv", index_col="class")
    pd.testing.assert_frame_equal(
        found, table.to_frame(), check_names=False, check_dtype=False
    )


def test_frame_markdown_and_latex(table):
    frame = table.to_frame()
    assert frame.loc["covid", "slope_high"] == 2
    assert list(frame)[:3] == ["ece", "ece_low", "ece_high"]
    assert "| 1.000 [0.500, 2.000] |" in table.to_markdown()
    assert "\\toprule" in table.to_latex()
