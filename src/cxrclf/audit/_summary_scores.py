"""The scores that reports compare."""


def summarize(predictions, confidence_level=0.95):
    """Return accuracy, balanced accuracy and macro AUC with intervals over patients.

    Parameters
    ----------
    predictions : Predictions
        Predictions of at least one sample.
    confidence_level : float, default=0.95
        Confidence level of the intervals.

    Returns
    -------
    dict of str to Estimate
        With the keys "accuracy", "balanced_accuracy" and, if there are probabilities,
        "auc", the mean of the areas under the ROC curves of all classes.
    """
    table = predictions.table(intervals=True, confidence_level=confidence_level)
    overall = table.overall_intervals
    scores = {name: overall[name] for name in ("accuracy", "balanced_accuracy")}
    if "auc" in table.columns:
        scores["auc"] = table.interval("macro average", "auc")
    return scores
