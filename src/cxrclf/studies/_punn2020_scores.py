"""Scores that Punn and Agarwal report."""

from cxrclf.studies._published_score import PublishedScore

_SCORES = ("accuracy", "precision", "sensitivity", "auc", "specificity", "f1")
_NETWORKS = (
    "Baseline ResNet",
    "Inception-v3",
    "Inception ResNet-v2",
    "DenseNet169",
    "NASNetLarge",
)
_SCENARIOS = {
    "CB": ("weighted", "2 classes"),
    "CM3": ("weighted", "3 classes"),
    "CM4": ("weighted", "4 classes"),
    "RB": ("oversampled", "2 classes"),
    "RM3": ("oversampled", "3 classes"),
    "RM4": ("oversampled", "4 classes"),
}
# Table 4. Each block is a network, and each line a scenario.
_TABLE_4 = (
    (
        (0.84, 0.67, 0.89, 0.90, 0.85, 0.76),
        (0.77, 0.62, 0.89, 0.90, 0.77, 0.73),
        (0.77, 0.61, 0.83, 0.90, 0.77, 0.70),
        (0.89, 0.56, 0.56, 0.89, 0.60, 0.56),
        (0.76, 0.63, 0.42, 0.83, 0.77, 0.50),
        (0.76, 0.65, 0.43, 0.82, 0.73, 0.52),
    ),
    (
        (0.88, 0.77, 0.79, 0.93, 0.89, 0.78),
        (0.87, 0.73, 0.88, 0.90, 0.88, 0.80),
        (0.87, 0.73, 0.85, 0.89, 0.85, 0.79),
        (0.88, 0.78, 0.70, 0.88, 0.91, 0.74),
        (0.87, 0.90, 0.81, 0.91, 0.90, 0.85),
        (0.84, 0.89, 0.81, 0.91, 0.88, 0.85),
    ),
    (
        (0.95, 0.86, 0.66, 0.98, 0.87, 0.75),
        (0.92, 0.85, 0.92, 0.99, 0.89, 0.88),
        (0.91, 0.83, 0.91, 0.98, 0.89, 0.87),
        (0.90, 0.85, 0.75, 0.93, 0.88, 0.80),
        (0.92, 0.97, 0.96, 0.99, 0.94, 0.96),
        (0.91, 0.95, 0.93, 0.98, 0.93, 0.94),
    ),
    (
        (0.90, 0.82, 0.78, 0.91, 0.91, 0.80),
        (0.87, 0.87, 0.91, 0.95, 0.89, 0.89),
        (0.86, 0.87, 0.89, 0.93, 0.89, 0.88),
        (0.95, 0.94, 0.96, 0.97, 0.95, 0.95),
        (0.91, 0.93, 0.95, 0.93, 0.95, 0.94),
        (0.92, 0.94, 0.95, 0.94, 0.95, 0.94),
    ),
    (
        (0.97, 0.82, 0.91, 0.99, 0.98, 0.86),
        (0.94, 0.89, 0.91, 0.94, 0.89, 0.90),
        (0.95, 0.88, 0.89, 0.92, 0.89, 0.88),
        (0.98, 0.87, 0.90, 0.99, 0.94, 0.98),
        (0.96, 0.93, 0.91, 0.96, 0.94, 0.92),
        (0.95, 0.95, 0.90, 0.95, 0.94, 0.92),
    ),
)


def list_punn2020_scores():
    """Return the scores of Table 4, all of the COVID-19 class.

    Returns
    -------
    list of PublishedScore

    Examples
    --------
    >>> from cxrclf.studies._punn2020_scores import list_punn2020_scores
    >>> scores = list_punn2020_scores()
    >>> len(scores), scores[0].network, scores[0].scheme, scores[0].value
    (180, 'Baseline ResNet weighted', '2 classes', 0.84)
    """
    return [
        PublishedScore(f"{network} {strategy}", score, value, "covid", scheme)
        for network, block in zip(_NETWORKS, _TABLE_4, strict=True)
        for (strategy, scheme), line in zip(_SCENARIOS.values(), block, strict=True)
        for score, value in zip(_SCORES, line, strict=True)
    ]
