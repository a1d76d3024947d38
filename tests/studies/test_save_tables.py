import csv

import pytest

from cxrclf.audit import Report, ReportTable
from cxrclf.metrics import Estimate
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
    assert latex.splitlines()[:4] == [
        r"\begin{table}",
        r"\centering",
        r"\caption{Networks.}",
        r"\label{tab:networks-scores}",
    ]
    assert r"\toprule" in latex
    assert latex.endswith("\\end{table}\n")


def test_caption_of_a_latex_table_explains_brackets(tmp_path):
    table = ReportTable({"auc": [Estimate(0.5, 0.4, 0.6)]}, "Scores with 95 % & more.")
    save_tables([Report("A", None, {"t": table})], tmp_path)
    latex = (tmp_path / "a-t.tex").read_text(encoding="utf-8")
    assert r"\caption{Scores with 95 \% \& more. Brackets: intervals.}" in latex
    assert "AUC \\\\" in latex


@pytest.mark.parametrize(
    ("title", "name", "stem"),
    [
        ("Model card", "model_card", "model-card"),
        ("Differences between networks", "differences", "differences-between-networks"),
        ("Calibration", "calibration_scores", "calibration-scores"),
        ("Networks", "scores", "networks-scores"),
        ("all & 5% + 1", "scores", "all-and-5-percent-plus-1-scores"),
    ],
)
def test_names_of_files_do_not_repeat_words(title, name, stem, tmp_path):
    report = Report(title, None, {name: ReportTable({"n": [1]})})
    assert save_tables([report], tmp_path)[0].name == f"{stem}.csv"


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
        "differences-between-networks",
        "each-network-a-scores-over-folds",
        "model-card",
    } <= names
    with open(tmp_path / "overview-result.csv", newline="", encoding="utf-8") as file:
        (first, *_) = csv.DictReader(file)
    assert float(first["accuracy"]) == pytest.approx(
        results.table(first["network"]).overall["accuracy"]
    )
