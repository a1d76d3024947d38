import csv
import re

import numpy as np
import pytest

from cxrclf.audit import ReportTable

ESTIMATE = (0.9, 0.8, 0.95)


def test_numbers_estimates_and_texts_are_formatted():
    table = ReportTable(
        {
            "probe": ["border", "file"],
            "accuracy": [ESTIMATE, (0.5, np.nan, np.nan)],
            "n": np.array([3, 40]),
            "p": [0.25, None],
        }
    )
    assert str(table).splitlines() == [
        "probe               accuracy   n      p",
        "border  0.900 [0.800, 0.950]   3  0.250",
        "file                   0.500  40",
    ]


def test_long_table_is_cut_with_a_note():
    assert str(ReportTable({"row": range(25)})).endswith("14\n... and 10 more rows")
    page = ReportTable({"row": range(1000)})._repr_html_()
    assert page.count("<tr>") == 201
    assert "800 more rows" in page


def test_frame_and_csv_have_columns_for_bounds(tmp_path):
    pytest.importorskip("pandas")
    table = ReportTable({"probe": ["a"], "accuracy": [ESTIMATE]})
    frame = table.to_frame()
    assert frame.columns.tolist() == [
        "probe",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
    ]
    assert frame.iloc[0].tolist() == ["a", *ESTIMATE]
    table.to_csv(tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="") as file:
        assert list(csv.reader(file)) == [
            ["probe", "accuracy", "accuracy_low", "accuracy_high"],
            ["a", "0.9", "0.8", "0.95"],
        ]


def test_json_has_no_nan():
    assert ReportTable({"score": [np.nan, 1.0]}).to_dict() == {"score": [None, 1.0]}


def test_columns_of_text_are_aligned_left_on_a_page():
    page = ReportTable({"n": [1], "kind": ["exact"]})._repr_html_()
    assert '<th>n</th><th class="text">kind</th>' in page


def test_html_is_escaped():
    page = ReportTable({"<b>": ["<script>"]})._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize("columns", [{}, {"a": [1], "b": [1, 2]}])
def test_columns_of_several_lengths(columns):
    with pytest.raises(ValueError, match="columns of equal length"):
        ReportTable(columns)


def test_missing_column():
    with pytest.raises(KeyError, match="No column 'b'. The columns are"):
        ReportTable({"a": [1]})["b"]


def test_markdown_and_latex_have_all_rows():
    table = ReportTable({"file_name": ["a_1.png"] * 12, "auc": [(0.5, 0.4, 0.6)] * 12})
    assert table.to_markdown().count("0.500 [0.400, 0.600]") == 12
    latex = table.to_latex()
    assert latex.count(r"a\_1.png & 0.500 [0.400, 0.600] \\") == 12
    assert latex.startswith(r"\begin{tabular}{lr}")


def test_long_cells_are_shortened_in_print_only():
    name = "a" * 100 + ".png"
    table = ReportTable({"file": [name]})
    assert str(table).splitlines()[1] == "a" * 29 + " … " + "a" * 25 + ".png"
    assert table["file"] == [name]
    assert name in table._repr_html_()
    assert name in table.to_markdown()


def test_long_text_is_cut_at_the_given_length_on_a_page():
    text = "a" * 300
    assert ("a" * 59 + " … ") in ReportTable({"text": [text]})._repr_html_()
    table = ReportTable({"text": [text]}, max_letters=300)
    assert text in table._repr_html_()
    assert text in ReportTable({"text": [text]}).to_markdown()


def test_interval_is_not_broken_on_a_page():
    table = ReportTable({"score": [ESTIMATE], "text": ["one, two"]})
    page = table._repr_html_()
    assert "0.900 [0.800,\N{NO-BREAK SPACE}0.950]" in page
    assert "one, two" in page
    assert "\N{NO-BREAK SPACE}" not in str(table)


def test_documents_have_words_as_headers_and_files_have_names(tmp_path):
    table = ReportTable({"n_train": [3], "auc": [0.5], "own_name": [1]})
    header = ["training images", "AUC", "own_name"]
    assert re.findall("<th[^>]*>([^<]*)</th>", table._repr_html_())[:3] == header
    latex = table.to_latex().splitlines()[2]
    assert latex.startswith("training images & AUC & ")
    assert "| training images |" in table.to_markdown()
    table.to_csv(tmp_path / "t.csv")
    first = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first == "n_train,auc,own_name"
    assert str(table).startswith("n_train")
