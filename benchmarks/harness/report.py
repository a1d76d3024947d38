"""Ratios and tables of runs."""

from collections import defaultdict

import numpy as np

_MEMORY = ("private_mib", "resident_mib")


def ratios_of(task, runs):
    """Return the ratios of a task: a dict of label to a list, one value per round.

    Parameters
    ----------
    task : Task
    runs : list of dict
        The runs of this task, with ``contender``, ``round`` and ``figures``.
    """
    figures = {(run["round"], run["contender"]): run["figures"] for run in runs}
    rounds = sorted({run["round"] for run in runs})
    ratios = defaultdict(list)
    for ratio in task.ratios:
        for number in rounds:
            over = figures.get((number, ratio.over.contender), {})
            under = figures.get((number, ratio.under.contender), {})
            if ratio.over.name in over and ratio.under.name in under:
                value = over[ratio.over.name] / under[ratio.under.name]
                ratios[ratio.label].append(value)
    return dict(ratios)


def report(task, runs, failures):
    """Return the tables of a task as text.

    Parameters
    ----------
    task : Task
    runs : list of dict
        The runs of this task.
    failures : dict of str to str
        Reason of each contender that failed.
    """
    parts = [task.title, "=" * len(task.title)]
    if task.note:
        parts.append(task.note)
    parts += ["", *_figures(task, runs), ""]
    ratios = ratios_of(task, runs)
    if ratios:
        parts += _ratios(ratios)
    parts += [f"{name} failed: {reason}" for name, reason in failures.items()]
    return "\n".join([*parts, ""])


def _figures(task, runs):
    """Return the medians of all figures and the memory peaks."""
    values = defaultdict(list)
    for run in runs:
        for name, value in run["figures"].items():
            values[run["contender"], name].append(value)
    names = [name for _, name in values if name not in _MEMORY]
    names = [*dict.fromkeys(names), *_MEMORY]
    rows = []
    for contender in task.contenders:
        if (contender, _MEMORY[0]) not in values:
            continue
        row = [contender]
        for name in names:
            found = values.get((contender, name))
            row.append("" if found is None else _summary(name, found))
        rows.append(row)
    return _table([["median (memory: peak)", *names], *rows])


def _summary(name, values):
    if isinstance(values[0], str):
        return " / ".join(dict.fromkeys(values))
    return _number((np.max if name in _MEMORY else np.median)(values))


def _ratios(ratios):
    rows = [
        [label, *(_number(f(values)) for f in (np.min, np.median, np.max)), len(values)]
        for label, values in ratios.items()
    ]
    return [*_table([["ratio", "min", "median", "max", "rounds"], *rows]), ""]


def _number(value):
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _table(rows):
    """Return rows as lines, with the first column left-aligned."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in cells
    ]
    return [lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]
