"""Score that a paper reports."""

from typing import NamedTuple


class PublishedScore(NamedTuple):
    """Score of a network that a paper reports.

    Attributes
    ----------
    network : str
        Name of the network in the paper, a key of `Study.networks`.
    score : str
        Name of the score, as in :func:`cxrclf.metrics.classification_table`:
        "accuracy", "precision", "sensitivity", "specificity", "f1" or "auc".
    value : float
        Reported value in [0, 1]. For several folds, the mean that the paper prints.
    label : str or None, default=None
        Class of the score. None means all classes together: the overall accuracy, or
        the macro average of another score.
    scheme : str or None, default=None
        Class scheme of the score, a key of `Study.schemes`.

    Examples
    --------
    >>> from cxrclf.studies import PublishedScore
    >>> PublishedScore("VGG16", "sensitivity", 0.96, label="covid").value
    0.96
    """

    network: str
    score: str
    value: float
    label: str | None = None
    scheme: str | None = None
