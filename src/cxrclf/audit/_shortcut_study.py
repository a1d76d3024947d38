"""Predictions and scores of all classifiers of a shortcut report."""

import numpy as np

from cxrclf.audit._chance_test import smallest_p_value
from cxrclf.audit._leak_warnings import ignore_patient_leaks
from cxrclf.audit._link_groups import link_groups
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
    copies : ndarray of shape (n,) or None
        Label of each image that is equal for copies. None if there are no copies.
        Patients who share an image then count as one patient in the intervals and in
        the tests.
    folds : list of (ndarray of int, ndarray of int)
        Training and test rows of each fold.
    settings : Settings
        Settings of intervals and tests.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time.

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

    def __init__(self, y, groups, copies, folds, settings, n_jobs=None):
        self.settings = settings
        self._y, self._folds = y, folds
        self._patients, self._copies = groups, copies
        self._groups = groups if copies is None else link_groups(groups, copies)
        self._n_jobs = n_jobs
        self.predictions, self.scores = {}, {}
        self.columns, self.column_predictions = {}, {}
        self.pictures = {}

    def score(self, name, estimator, X):
        """Fit and score a classifier on all folds."""
        predictions = self._predict(estimator, X)
        self.predictions[name] = predictions
        self.scores[name] = ProbeScores(
            predictions,
            self.settings,
            None if name == ESTIMATOR else self.predictions.get(ESTIMATOR),
        )

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

    def find_smallest_p_value(self):
        """Return the p-value of a classifier without errors on these folds."""
        first = next(iter(self.predictions.values()))
        return smallest_p_value(
            np.unique(self._y[first.rows], return_inverse=True)[1],
            first.fold,
            first.rows if first.units is None else first.units,
            n_permutations=self.settings.n_permutations,
            random_state=self.settings.random_state,
        )

    def count_patients(self):
        """Return the number of patients with tested images, or None if unknown."""
        if self._patients is None:
            return None
        tested = np.concatenate([test for _, test in self._folds])
        return len(np.unique(self._patients[tested]))

    def count_copies(self):
        """Return the number of images that have a copy among the images."""
        if self._copies is None:
            return 0
        _, label, sizes = np.unique(
            self._copies, return_inverse=True, return_counts=True
        )
        return int((sizes[label] > 1).sum())

    def count_dependent(self):
        """Return the number of test images with a copy or patient in their training."""
        groups = self._groups
        if groups is None:
            return 0
        return sum(
            int(np.isin(groups[test], groups[train]).sum())
            for train, test in self._folds
        )

    def _predict(self, estimator, X):
        # The report counts the test images of such patients.
        with ignore_patient_leaks():
            return cross_val_predictions(
                estimator,
                X,
                self._y,
                groups=self._groups,
                cv=self._folds,
                n_jobs=self._n_jobs,
            )
