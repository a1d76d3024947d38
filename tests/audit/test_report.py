import json
import pickle
import sys

import pytest

from cxrclf.audit import Finding, LeakageReport, Report, ReportTable


def make_report():
    return Report(
        "Audit of <data>",
        [Finding("leakage", "patient_on_both_sides", "2 patients & more.", n=2)],
        {
            "pairs": ReportTable({"kind": ["<script>a</script>"]}, "All <pairs>"),
            "none": ReportTable({"row": []}),
        },
        ["The score is too good."],
    )


def test_text_has_all_parts():
    assert str(make_report()).splitlines() == [
        "Audit of <data>",
        "===============",
        "",
        "The score is too good.",
        "",
        "- leakage: 2 patients & more.",
        "",
        "[pairs]: All <pairs>",
        "kind",
        "<script>a</script>",
    ]
    assert repr(make_report()) == "<Report: patient_on_both_sides>"
    assert repr(Report("Audit")) == "<Report: no findings>"


def test_page_is_one_file_with_escaped_texts(tmp_path):
    page = make_report().to_html(tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == page
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    assert "http" not in page
    assert "Audit of &lt;data&gt;" in page
    assert "2 patients &amp; more." in page
    assert "All &lt;pairs&gt;" in page


def test_notebook_gets_a_part_of_the_page():
    page = make_report()._repr_html_()
    assert "<html" not in page
    assert "&lt;script&gt;" in page


def test_pictures_are_in_the_page():
    pyplot = pytest.importorskip("matplotlib.pyplot")

    class Pictured(Report):
        def _figures(self):
            yield 'Curve of "all"', pyplot.figure(figsize=(1, 1))

    page = Pictured("Audit").to_html()
    assert 'src="data:image/png;base64,iVBOR' in page
    assert 'alt="Curve of &#34;all&#34;"' in page
    assert not pyplot.get_fignums()


def draw_nothing():
    from matplotlib import pyplot

    return pyplot.figure(figsize=(1, 1))


def test_figures_are_drawn_when_a_page_is_made():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    calls = []

    def draw():
        calls.append(1)
        return draw_nothing()

    report = Report("Audit", figures={"A & B": draw})
    str(report), report.to_dict(), report._repr_html_()
    assert not calls
    page = report.to_html()
    assert len(calls) == 1
    assert 'alt="A &amp; B"' in page
    assert not pyplot.get_fignums()


def test_page_without_matplotlib_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    report = LeakageReport([], {"splits": ReportTable({"n": [1]})}, (), [], None)
    page = report.to_html()
    assert "<img" not in page
    assert "This page has no pictures." in page
    assert "This page has no pictures." not in Report("Audit").to_html()


def test_parts_in_text_values_and_exit_status():
    part = Report("Part", [Finding("drift", "brighter", "Brighter.")])
    report = Report("Whole", None, parts=[part], figures={"Nothing": draw_nothing})
    assert str(report).splitlines()[3:] == ["Part", "====", "", "- drift: Brighter."]
    assert report.to_dict()["parts"] == [part.to_dict()]
    assert "parts" not in part.to_dict()
    assert [report.exit_status(kind) for kind in ("any", "drift", "labels")] == [
        1,
        1,
        0,
    ]
    assert (report.has_findings, part.has_findings) == (False, True)
    assert pickle.loads(pickle.dumps(report)).parts[0].title == "Part"


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [("any", 1), ("leakage", 1), ("drift", 0), (["drift", "leakage"], 1), ([], 0)],
)
def test_exit_status(fail_on, status):
    assert make_report().exit_status(fail_on) == status
    assert Report("Audit").exit_status(fail_on) == 0


def test_unknown_kind_in_exit_status():
    with pytest.raises(ValueError, match=r"fail_on must be among .* got \['leak'\]"):
        make_report().exit_status("leak")


def test_frame_by_name():
    pytest.importorskip("pandas")
    report = make_report()
    assert report.to_frame().equals(report.to_frame("pairs"))
    with pytest.raises(KeyError, match="No table 'rows'. The tables are"):
        report.to_frame("rows")


def test_plain_values_and_pickle():
    values = json.loads(json.dumps(make_report().to_dict()))
    assert values["findings"][0]["n"] == 2
    assert values["tables"]["none"] == {"row": []}
    assert str(pickle.loads(pickle.dumps(make_report()))) == str(make_report())
