import base64
import io
import re
from importlib.resources import files

import pytest
from PIL import Image

from cxrclf.audit import Finding, Report, ReportTable, write_page
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


def test_sections_without_a_search_have_no_number_of_findings():
    page = make_page([Report("Copies"), Report("Model card", None)], "Audit")
    assert page.count("finding") == page.count("findings") > 0
    assert re.findall(r">([\w ]+)</a>: no findings", page) == ["Copies"]


def test_first_of_several_parts_is_open():
    parts = [Report("A", None), Report("B", None)]
    page = make_page([Report("All", None, parts=parts)], "Study")
    assert re.findall(r"<details( open)?>", page) == [" open", ""]
    assert page.index("<h3>A</h3>") < page.index("<h3>B</h3>")
    page = make_page([Report("All", None, parts=parts[:1])], "Study")
    assert re.findall(r"<details( open)?>", page) == [""]


def test_contents_link_into_the_parts():
    # A link to an element inside of <details> opens it.
    parts = [Report("A", None), Report("B", None)]
    page = make_page([Report("All", None, parts=parts), Report("End")], "Study")
    assert '<a href="#report-1-2-title">B</a>' in page
    inside = page[page.index("<h3>B</h3>") :]
    assert inside.index('id="report-1-2-title"') < inside.index("</details>")


def test_parts_that_are_not_folded():
    part = Report("Curves", None, {"t": ReportTable({"n": [1]})})
    page = make_page([Report("All", None, parts=[part], fold_parts=False)], "Study")
    assert "<details" not in page
    assert page.index(">Curves</h3>") < page.index("<h4>T</h4>")


def test_percent_sign_remains_with_its_number():
    finding = Finding("leakage", "copy", "Copies: 5 % <b>")
    page = make_page([Report("All", [finding], reading=["A 95 % interval."])], "Study")
    assert "Copies: 5\N{NO-BREAK SPACE}% &lt;b&gt;" in page
    assert "A 95\N{NO-BREAK SPACE}% interval." in page


def test_units_remain_with_their_numbers():
    tables = {"t": ReportTable({"a": ["12 s or 95 % in 3 sets"]})}
    page = make_page([Report("All", None, tables, ["It took 3 min 3 s."])], "Study")
    space = "\N{NO-BREAK SPACE}"
    assert f"It took 3{space}min 3{space}s." in page
    assert f"12{space}s or 95{space}% in 3 sets" in page


def test_names_of_tables_retain_capitals():
    tables = {"ROC_of_VGG16": ReportTable({"n": [1]})}
    page = make_page([Report("All", None, tables)], "Study")
    assert "<h3>ROC of VGG16</h3>" in page


def test_pictures_ignore_the_style_of_the_user():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    colors = []

    def draw():
        figure, ax = pyplot.subplots(figsize=(2, 1))
        colors.append((figure.get_facecolor(), ax.xaxis.label.get_color()))
        return figure

    with pyplot.style.context("dark_background"):
        page = make_page([Report("All", None, figures={"A figure.": draw})], "Study")
        assert pyplot.rcParams["figure.facecolor"] == "black"
    assert colors == [((1.0, 1.0, 1.0, 1.0), "black")]
    encoded, width = re.search(r'base64,([^"]*)" width="(\d+)"', page).groups()
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert int(width) == round(picture.width * 96 / 144)  # sharp on dense screens


@pytest.mark.parametrize(
    ("size", "mark"),
    [((2, 4), ' class="tall"'), ((4, 4), ""), ((10, 4), ' class="wide"')],
)
def test_tall_and_wide_pictures_are_marked(size, mark):
    pyplot = pytest.importorskip("matplotlib.pyplot")

    def draw():
        return pyplot.subplots(figsize=size)[0]

    page = make_page([Report("All", None, figures={"A figure.": draw})], "Study")
    assert re.search("<figure([^>]*?)(?: tabindex[^>]*)? style", page)[1] == mark


def read_colors():
    """Return the colors of the light and of the dark page by name."""
    source = files("cxrclf.audit").joinpath("report.html").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{([^}]*)\}", source)
    assert len(blocks) == 2
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks
    )
    assert light.keys() == dark.keys()
    return light, dark


def compute_luminance(color):
    """Compute the relative luminance as WCAG 2.2 defines it."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "page"),
        ("muted", "page"),
        ("link", "page"),
        ("text", "soft"),
        ("text", "alarm-soft"),
        ("alarm", "alarm-soft"),
    ],
)
def test_contrast_of_text_is_at_least_aa(theme, text, ground):
    colors = read_colors()[theme]
    low, high = sorted(compute_luminance(colors[name]) for name in (text, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5
