import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from cxrclf.studies._study_report import study_report, write_study_report
from study_results import make_study_results

EVIL = "<script>alert('x')</script> $x_{"
SECTIONS = [
    "Overview",
    "Audit",
    "Data",
    "Networks",
    "Published and measured scores",
    "Differences between networks",
    "Time and size",
    "Each network",
    "Protocol",
    "Model card",
    "Reporting guidelines",
]
VOID = {"meta", "link", "img", "br", "wbr"}


class Page(HTMLParser):
    """Tags of a page, in order, and a check that they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def results():
    return make_study_results(
        ["weak", EVIL],
        n=36,
        classes=["covid", "normal", EVIL],
        names=[f"{EVIL}-{k}.png" for k in range(36)],
        leaks=["The best epoch is chosen on the test images."],
        faithful=True,
        title=f"Study {EVIL}",
        published=[["weak", "accuracy", 0.5, None, None]],
    )


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    pytest.importorskip("matplotlib.pyplot")
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = results.report(path)
    assert path.read_text(encoding="utf-8") == text
    return text


def test_sections_are_in_order(results):
    reports = study_report(results)
    assert [report.title for report in reports] == SECTIONS
    each = reports[SECTIONS.index("Each network")]
    # The first network of the results is the strongest one.
    assert [part.title for part in each.parts] == ["weak", EVIL]


def test_text_of_users_is_escaped(page):
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not any(name.startswith("on") for tag, a in Page(page).tags for name in a)


def test_page_needs_no_other_file(page):
    parsed = Page(page)
    sources = [tag["src"] for tag in parsed.all("img")]
    sources += [tag["href"] for tag in parsed.all("link")]
    assert all(source.startswith("data:") for source in sources)
    assert "url(" not in page
    assert "@import" not in page


def test_links_have_targets(page):
    parsed = Page(page)
    names = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(set(names)) == len(names)
    links = [tag["href"] for tag in parsed.all("a")]
    assert len(links) > len(SECTIONS)
    assert {link.removeprefix("#") for link in links} <= set(names)


def test_pictures_have_different_alternative_texts(page):
    texts = [tag["alt"] for tag in Page(page).all("img")]
    assert len(texts) == 3 + 6 + 8  # of the study, without errors, and with errors
    assert len(set(texts)) == len(texts)
    assert min(map(len, texts)) > 30


def test_headings_skip_no_level(page):
    levels = [int(tag[1]) for tag, _ in Page(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = [after - before for before, after in pairwise(levels)]
    assert max(steps) == 1


def test_findings_are_counted_in_the_audit_only(page):
    contents = page[page.index("<nav") : page.index("</nav>")]
    assert re.findall(r"(\w+)</a>: (\d+|no) finding", contents) == [("Audit", "3")]


def test_page_without_matplotlib_says_so(results, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    text = write_study_report(results, tmp_path / "report.html")
    assert "<img" not in text
    assert text.count("This page has no pictures.") == 1
    assert "cxrclf[plot]" in text


def test_one_network_without_anything_else(tmp_path):
    results = make_study_results(
        ["only"],
        n=18,
        audit=False,
        examples=False,
        with_groups=False,
        n_epochs=0,
        versions={},
        protocol={},
        chosen=[],
    )
    titles = [report.title for report in study_report(results)]
    assert "Differences between networks" not in titles
    assert "Published and measured scores" not in titles
    text = str([report.to_dict() for report in study_report(results)])
    assert "The folds and the images were not audited" in text
    assert "Patients are unknown" in text
