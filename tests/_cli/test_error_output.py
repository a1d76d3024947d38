import io
import sys
import warnings

from tqdm import tqdm

from cxrclf._cli.error_output import (
    ProgressLines,
    lines_without_terminal,
    short_warnings,
)


class Clock:
    """Clock that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def make_lines():
    log, clock = io.StringIO(), Clock()
    return ProgressLines(log, seconds=30, clock=clock), log, clock


def bar(done, total=20, work="training"):
    return f"\r{work}: {100 * done // total:3}%|##  | {done}/{total} [00:01<00:02, 9s]"


def test_a_long_work_is_a_line_in_each_period_and_at_the_end():
    lines, log, clock = make_lines()
    for done in range(21):
        clock.now = 10 * done
        lines.write(bar(done))
    lines.write("\n")
    written = [line.split("|")[2].split()[0] for line in log.getvalue().splitlines()]
    # A state is known to be of interest when the next one replaces it. The first one
    # is replaced at 10 s, and the next line is due at 40 s.
    assert written == ["3/20", "6/20", "9/20", "12/20", "15/20", "18/20", "20/20"]
    assert "\r" not in log.getvalue()


def test_short_works_that_repeat_are_one_line():
    lines, log, clock = make_lines()
    for epoch in range(5):
        clock.now = epoch
        lines.write(bar(1, 1, "features"))
        lines.write("\n")
    clock.now = 31
    lines.write(bar(1, 1, "features") + "\n")
    assert log.getvalue().count("features: 100%") == 2


def test_other_text_is_written_at_once():
    lines, log, _ = make_lines()
    print("24 images", file=lines)
    lines.write(bar(1))
    print("\ncxrclf: error: no", file=lines, flush=True)
    print("half", end="", file=lines)
    assert log.getvalue() == "24 images\ncxrclf: error: no\n"
    lines.finish()
    assert log.getvalue().endswith("error: no\nhalf\n")


def test_nested_bars_of_tqdm(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with lines_without_terminal():
        for _ in tqdm(range(3), desc="training", mininterval=0):
            for _ in tqdm(range(2), desc="features", mininterval=0):
                pass
    text = log.getvalue()
    assert [line.partition(":")[0] for line in text.splitlines()] == [
        "features",
        "training",
    ]
    assert not set("\r\x1b") & set(text)
    assert sys.stderr is log


def test_a_terminal_is_not_changed(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    with lines_without_terminal():
        assert sys.stderr is terminal


def test_warnings_are_one_line(capsys):
    shown = warnings.showwarning
    with short_warnings():
        warnings.simplefilter("default")
        warnings.warn("two\nlines", stacklevel=1)
    assert capsys.readouterr().err == "cxrclf: warning: two lines\n"
    assert warnings.showwarning is shown
