from cxrclf.audit import Report
from cxrclf.audit._page import make_page


def test_page_of_several_reports_has_a_title_per_report():
    page = make_page([Report("Copies"), Report("Leakage")], "Audit")
    assert "<title>Audit</title>" in page
    assert page.count("<h2>") == 2
    assert page.index("<h2>Copies</h2>") < page.index("<h2>Leakage</h2>")


def test_title_of_a_single_report_is_not_repeated():
    assert make_page([Report("Copies")], "Copies").count(">Copies<") == 2  # and <title>
