"""Report of the scores that classifiers reach without seeing the disease."""

from cxrclf.audit._report import Report
from cxrclf.audit._shortcut_figures import draw_forest, draw_views


class ShortcutReport(Report):
    """Scores that classifiers reach without seeing the disease.

    :func:`shortcut_report` returns this object.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    findings : sequence of Finding
        One finding of the kind "shortcut" per probe that cannot see the disease and
        beats chance. Its code is the name of the probe.
    tables : dict of str to ReportTable
        The table ``"scores"``, and ``"metadata"`` if there are files.
    reading : sequence of str
        Sentences that explain the report in plain words.
    predictions : dict of str to Predictions
        Out-of-fold predictions by the name of the probe. The key of the estimator is
        ``"estimator"``. All have the same samples in the same order. If there are
        copies, patients who share an image have one number in `groups`.
    column_predictions : dict of str to Predictions
        The same for classifiers that see one column of the metadata, by its name.
    probe_scores : dict of str to ProbeScores
        Scores by the name of the probe.
    alarms : sequence of str
        Names of the probes that are shortcuts.
    chance : float
        Balanced accuracy of guessing.
    external_auc : Estimate or None
        Estimate of the AUC on external data.
    pictures : dict of str to ndarray of shape (H, W)
        One image as each probe sees it.
    skipped : dict of str to str
        Reason for each probe that was not possible, by its name.
    confidence_level : float
        Confidence level of the intervals.

    Attributes
    ----------
    scores : ReportTable
        The table ``"scores"``: one row per classifier.
    title, findings, tables, reading, predictions, column_predictions, alarms, chance, \
            external_auc, pictures, skipped, confidence_level
        The parameters. The other parameters are private.
    """

    def __init__(
        self,
        findings,
        tables,
        reading,
        *,
        predictions,
        column_predictions,
        probe_scores,
        alarms,
        chance,
        external_auc,
        pictures,
        skipped,
        confidence_level,
    ):
        super().__init__("Shortcuts", findings, tables, reading)
        self.predictions = dict(predictions)
        self.column_predictions = dict(column_predictions)
        self.alarms = tuple(alarms)
        self.chance = chance
        self.external_auc = external_auc
        self.pictures = dict(pictures)
        self.skipped = dict(skipped)
        self.confidence_level = confidence_level
        self._probe_scores = dict(probe_scores)

    @property
    def scores(self):
        """Scores of the estimator and of the probes, a ReportTable."""
        return self.tables["scores"]

    def plot(self):
        """Draw the balanced accuracy of all classifiers, with intervals and chance.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        """
        return draw_forest(
            self._probe_scores, self.alarms, self.chance, self.confidence_level
        )

    def plot_views(self):
        """Draw one image as each probe sees it.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        ValueError
            If no probe saw an image.
        """
        if not self.pictures:
            raise ValueError("No probe of this report saw an image.")
        return draw_views(self.pictures)

    def _figures(self):
        yield "Balanced accuracy of the estimator and of the probes", self.plot()
        if self.pictures:
            yield "One image as each probe sees it", self.plot_views()
