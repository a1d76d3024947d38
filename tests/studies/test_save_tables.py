import csv

import pytest

from cxrclf.audit import Report, ReportTable
from cxrclf.studies._save_tables import save_tables
from study_results import make_study_results


def test_each_table_has_three_files(tmp_path):
    score = ReportTable({"class": ["<script>", "a & b"], "f1": [1 / 3, 1.0]})
    reports = [
        Report("Networks", None, {"scores": score, "empty": ReportTable({"n": []})}),
        Report("Each network", None, parts=[Report("VGG/16 <b>", None, {"s": score})]),
    ]
    paths = save_tables(reports, tmp_path / "tables")
    assert [path.name for path in paths] == [
        *(f"networks-scores.{suffix}" for suffix in ("csv", "md", "tex")),
        *(f"each-network-vgg-16-b-s.{suffix}" for suffix in ("csv", "md", "tex")),
    ]
    with open(paths[0], newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert float(rows[1][1]) == 1 / 3
    assert "&lt;script&gt;" in paths[1].read_text(encoding="utf-8")
    latex = paths[2].read_text(encoding="utf-8")
    assert r"a \& b & 1.000 \\" in latex
    assert r"\toprule" in latex


def test_equal_names_get_numbers(tmp_path):
    table = ReportTable({"n": [1]})
    reports = [Report("A b", None, {"t": table}), Report("A-b", None, {"t": table})]
    names = [path.name for path in save_tables(reports, tmp_path)]
    assert names[::3] == ["a-b-t.csv", "a-b-t-2.csv"]


def test_tables_of_a_study(tmp_path):
    results = make_study_results(["a", "b"], n=36, examples=False)
    names = {path.stem for path in results.save_tables(tmp_path)}
    assert {
        "overview-result",
        "networks-scores",
        "differences-between-networks-differences",
        "each-network-a-scores-over-folds",
        "model-card-model-card",
    } <= names
    with open(tmp_path / "overview-result.csv", newline="", encoding="utf-8") as file:
        (first, *_) = csv.DictReader(file)
    assert float(first["accuracy"]) == pytest.approx(
        results.table(first["network"]).overall["accuracy"]
    )
