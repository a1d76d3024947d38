from cxrclf.audit import Finding, Report, write_page
from cxrclf.audit._page import make_page


def test_page_of_several_reports_has_a_title_per_report():
    page = make_page([Report("Copies"), Report("Leakage")], "Audit")
    assert "<title>Audit</title>" in page
    assert page.count("<h2>") == 2
    assert page.index("<h2>Copies</h2>") < page.index("<h2>Leakage</h2>")


def test_title_of_a_single_report_is_not_repeated():
    assert make_page([Report("Copies")], "Copies").count(">Copies<") == 2  # and <title>


def test_page_of_several_reports_begins_with_the_number_of_findings():
    findings = [Finding("leakage", "copy", "A copy."), Finding("labels", "two", "Two.")]
    page = make_page([Report("Copies"), Report("Leakage", findings)], "Audit")
    text = " ".join(page.split())
    assert '<a href="#report-1">Copies</a>: no findings' in text
    assert '<a href="#report-2">Leakage</a>: 2 findings' in text
    assert '<section id="report-2">' in page


def test_one_report_may_be_written(tmp_path):
    assert "Copies" in write_page(tmp_path / "page.html", Report("Copies"), "Audit")
