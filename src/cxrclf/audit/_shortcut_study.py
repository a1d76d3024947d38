"""Predictions and scores of all classifiers of a shortcut report."""

from contextlib import nullcontext

from cxrclf.audit._leak_warnings import ignore_patient_leaks
from cxrclf.audit._probe import ESTIMATOR
from cxrclf.audit._probe_scores import ProbeScores
from cxrclf.metrics import cross_val_predictions


class ShortcutStudy:
    """Predictions and scores of all classifiers on the same folds.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    groups : ndarray of shape (n,) or None
        Patient of each image.
    folds : list of (ndarray of int, ndarray of int)
        Training and test rows of each fold.
    settings : Settings
        Settings of intervals and tests.
    verbose : int, default=0
        Whether to print a line after each classifier.

    Attributes
    ----------
    predictions : dict of str to Predictions
        Out-of-fold predictions by the name of the classifier.
    scores : dict of str to ProbeScores
        Scores by the name of the classifier.
    columns : dict of str to ProbeScores
        Scores of single columns of metadata, by the name of the column.
    column_predictions : dict of str to Predictions
        Out-of-fold predictions by the same names.
    pictures : dict of str to ndarray of shape (H, W)
        One image as each probe sees it.
    """

    def __init__(self, y, groups, folds, settings, verbose=0):
        self.settings = settings
        self._y, self._groups, self._folds = y, groups, folds
        self._verbose = verbose
        self.predictions, self.scores = {}, {}
        self.columns, self.column_predictions = {}, {}
        self.pictures = {}

    def score(self, name, estimator, X):
        """Fit and score a classifier on all folds.

        Warns once, for the estimator, if patients are in training and test samples.
        """
        predictions = self._predict(estimator, X, warn=name == ESTIMATOR)
        self.predictions[name] = predictions
        self.scores[name] = scores = ProbeScores(
            predictions,
            self.settings,
            None if name == ESTIMATOR else self.predictions.get(ESTIMATOR),
        )
        if self._verbose:
            value = scores.balanced_accuracy.value
            print(f"{name}: balanced accuracy {value:.3f}", flush=True)

    def add_probe(self, probe, column_estimator):
        """Score a probe, and single columns if they have a meaning.

        Parameters
        ----------
        probe : Probe
        column_estimator : classifier
            Classifier of a single column.
        """
        self.score(probe.name, probe.estimator, probe.X)
        if probe.picture is not None:
            self.pictures[probe.name] = probe.picture
        if probe.name == "metadata":
            for name, values in probe.columns.items():
                predictions = self._predict(column_estimator, values[:, None])
                self.column_predictions[name] = predictions
                self.columns[name] = ProbeScores(predictions, self.settings)

    def _predict(self, estimator, X, *, warn=False):
        with nullcontext() if warn else ignore_patient_leaks():
            return cross_val_predictions(
                estimator, X, self._y, groups=self._groups, cv=self._folds
            )
