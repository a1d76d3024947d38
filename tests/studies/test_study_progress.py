"""One line per training in a file, one line for all in a terminal."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from cxrclf import CXRClassifier
from cxrclf.metrics import Predictions
from cxrclf.preprocessing import CLAHE
from cxrclf.sampling import PhasedBalancedSplit, PhasedClassifier
from cxrclf.studies import FitResult
from cxrclf.studies._study_progress import StudyProgress, _clock, _place, count_epochs


class Terminal(io.StringIO):
    def isatty(self):
        return True


def make_tasks(folder, networks=("VGG16", "Xception")):
    return [
        SimpleNamespace(
            network=name,
            number=number,
            estimator=CXRClassifier(max_epochs=4),
            epoch_file=Path(folder) / f"{name}-{number}",
        )
        for name in networks
        for number in (1, 2)
    ]


def make_result(task, n_right=3):
    predicted = ["a"] * n_right + ["b"] * (4 - n_right)
    details = {"n_epochs": 4, "seconds_fit": 75.4}
    predictions = Predictions(["a"] * 4, predicted)
    return FitResult(task.network, task.number, predictions, details=details)


def test_a_file_gets_one_line_per_training(tmp_path, capsys):
    tasks = make_tasks(tmp_path)
    with StudyProgress("own", tasks, 2, 1) as progress:
        for task in tasks:
            progress.add(make_result(task))
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    lines = err.splitlines()
    assert lines[0] == "own: 2 of 6 trainings are complete already."
    assert len(lines) == 5
    line = r"own: {}, fold {}: accuracy 0.750 on 4 test images, 4 epochs in 1:15{}"
    left = r" \({} and about 0:00 left\)"
    ends = ["3 trainings", "2 trainings", "1 training", None]
    for task, end, found in zip(tasks, ends, lines[1:], strict=True):
        end = "" if end is None else left.format(end)
        assert re.fullmatch(line.format(task.network, task.number, end), found)


def test_nothing_is_shown_if_it_is_not_wanted(tmp_path, capsys):
    tasks = make_tasks(tmp_path)
    with StudyProgress("own", tasks, 2, 0) as progress:
        progress.print("Searching")
        progress.add(make_result(tasks[0]))
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_running_trainings_in_one_line(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    tasks = make_tasks(tmp_path)
    tasks[1].epoch_file.write_text("1\n2\n")
    with StudyProgress("own", tasks, 0, 1) as progress:
        progress.add(make_result(tasks[0]))
        assert progress._bar.n == 1.5  # one training, and half of another
        progress.add(make_result(tasks[1]))
        assert progress._bar.n == 2
        thread = progress._thread
    assert not thread.is_alive()
    text = terminal.getvalue()
    assert "VGG16, fold 2, epoch 2 of 4" in text
    assert "1.5/4 trainings" in text
    assert "own: VGG16, fold 1: accuracy 0.750" in text


def test_the_thread_ends_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    progress = StudyProgress("own", make_tasks(tmp_path), 0, 1)
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    assert not progress._thread.is_alive()


NET = CXRClassifier(max_epochs=7)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (NET, (7, 1)),
        (make_pipeline(CLAHE(), NET), (7, 1)),
        (PhasedClassifier(NET, PhasedBalancedSplit(n_phases=8)), (7, 8)),
        (DummyClassifier(), (1, 1)),
    ],
)
def test_epochs_and_phases_are_counted(estimator, expected):
    assert count_epochs(estimator) == expected


def test_places_and_times_are_text():
    assert _place(3, 7, 1) == "epoch 3 of 7"
    assert _place(7, 7, 8) == "phase 1 of 8, epoch 7 of 7"
    assert _place(8, 7, 8) == "phase 2 of 8, epoch 1 of 7"
    assert [_clock(s) for s in (0.2, 59.6, 3599, 3661)] == [
        "0:00",
        "1:00",
        "59:59",
        "1:01:01",
    ]
