"""Predictions and score tables of all networks of a study, computed once."""

from functools import cached_property

from cxrclf.audit import ReportTable
from cxrclf.metrics import Estimate, compare_predictions

_NAN = float("nan")


class StudyScores:
    """Predictions and score tables of all networks of a study, computed once.

    Parameters
    ----------
    results : StudyResults
        Results of a study.

    Attributes
    ----------
    results : StudyResults
        Parameter of the same name.
    predictions : dict of str to Predictions
        Test predictions of all folds, by network.
    tables : dict of str to ScoreTable
        Scores of these predictions with intervals, by network.
    order : list of str
        Names of the networks. The network with the best balanced accuracy is first.
    """

    def __init__(self, results):
        self.results = results
        self.predictions = {
            name: results.predictions(name) for name in results.networks
        }
        self.tables = {name: results.table(name) for name in results.networks}
        self.order = sorted(
            results.networks, key=lambda name: -self._rank(self.tables[name])
        )

    @staticmethod
    def _rank(table):
        value = table.overall["balanced_accuracy"]
        return value if value == value else -1.0

    @property
    def classes(self):
        """Names of the classes of the predictions."""
        return [str(label) for label in self.predictions[self.order[0]].classes]

    def overall(self, network, name):
        """Return an overall score of a network as an Estimate."""
        table = self.tables[network]
        found = table.overall_intervals.get(name)
        return found or Estimate(table.overall[name], _NAN, _NAN)

    def macro(self, network, name):
        """Return a macro average of a network as an Estimate, or None."""
        table = self.tables[network]
        if name not in table.columns:
            return None
        return cell(table, "macro average", name)

    def fits(self, network):
        """Return the outcomes of a network, in the order of the folds."""
        fits = [fit for fit in self.results.fits if fit.network == network]
        return sorted(fits, key=lambda fit: fit.fold)

    @cached_property
    def differences(self):
        """Paired differences of all networks, a ComparisonTable, or None.

        It is None for one network, and if networks were tested on different images.
        """
        if len(self.order) < 2:
            return None
        first = self.predictions[self.order[0]]
        rows = sorted(first.rows.tolist())
        if any(sorted(p.rows.tolist()) != rows for p in self.predictions.values()):
            return None
        return compare_predictions(
            {name: self.predictions[name] for name in self.order}
        )


def cell(table, row, column):
    """Return a score of a table as an Estimate, with or without an interval.

    Parameters
    ----------
    table : ScoreTable
        Scores.
    row, column : str
        Class and name of the score.

    Returns
    -------
    Estimate
    """
    if table.has_intervals:
        return table.interval(row, column)
    return Estimate(table[row, column], _NAN, _NAN)


def tabulate_scores(table, caption=""):
    """Return a score table as a table of a report.

    Parameters
    ----------
    table : ScoreTable
        Scores of one network.
    caption : str, default=""
        Sentence that explains the table.

    Returns
    -------
    ReportTable
        One row per class, the macro average, and the overall scores with their values
        in the column of the accuracy.
    """
    overall = [
        table.overall_intervals.get(name) or Estimate(value, _NAN, _NAN)
        for name, value in table.overall.items()
    ]
    names = ["overall accuracy", "balanced accuracy"]
    columns = {"class": [*table.rows, *names[: len(overall)]]}
    for column in table.columns:
        if column == "support":
            values = [int(table[row, column]) for row in table.rows]
        else:
            values = [cell(table, row, column) for row in table.rows]
        columns[column] = values + (
            overall if column == "accuracy" else [None] * len(overall)
        )
    return ReportTable(columns, caption)
