"""Predictions of image files, without the files that cannot be read."""

import csv
import io
from typing import Any, NamedTuple

from cxrclf._cli.output import print_failures
from cxrclf.exceptions import ImageReadError


class FilePredictions(NamedTuple):
    """Predictions of image files.

    Attributes
    ----------
    paths : list of str
        Files that were read.
    classes : list
        Classes, in the order of the columns of `scores`.
    labels : list
        Most probable class of each file.
    scores : list of list of float
        Probabilities of the classes of each file.
    failures : dict of str to str
        Reason why each other file was not read.
    """

    paths: list
    classes: list
    labels: list
    scores: list
    failures: dict[str, Any]

    def to_csv(self, columns=None):
        """Return a table with the columns that `Predictions.from_csv` reads.

        Parameters
        ----------
        columns : dict of str to list, default=None
            Further columns, with a value per file.

        Returns
        -------
        str
            CSV with text in quotation marks, and floats in full precision.
        """
        columns = columns or {}
        file = io.StringIO(newline="")
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        names = [f"score_{name}" for name in self.classes]
        writer.writerow(["path", *columns, "y_pred", *names])
        for path, *more, label, scores in zip(
            self.paths, *columns.values(), self.labels, self.scores, strict=True
        ):
            writer.writerow([path, *more, label, *scores])
        return file.getvalue()

    def to_dict(self, columns=None):
        """Return the predictions as values for JSON.

        Parameters
        ----------
        columns : dict of str to list, default=None
            Further values of each file.

        Returns
        -------
        dict
            With ``"classes"``, ``"predictions"`` and ``"failures"``.
        """
        columns = columns or {}
        names = list(map(str, self.classes))
        rows = zip(self.paths, self.labels, self.scores, strict=True)
        return {
            "classes": self.classes,
            "predictions": [
                {
                    "path": path,
                    **{name: values[row] for name, values in columns.items()},
                    "y_pred": label,
                    "scores": dict(zip(names, scores, strict=True)),
                }
                for row, (path, label, scores) in enumerate(rows)
            ],
            "failures": self.failures,
        }


def predict_files(classifier, paths, *, fail_fast=False):
    """Predict the files that can be read, and name the others.

    Parameters
    ----------
    classifier : CXRClassifier or DualBackboneConcat
        Fitted classifier.
    paths : list of str
        Image files.
    fail_fast : bool, default=False
        Whether a file that cannot be read is an error.

    Returns
    -------
    FilePredictions

    Raises
    ------
    ImageReadError
        If no file can be read, or if `fail_fast` is true and a file cannot be read. The
        error names all such files.
    """
    failures = {}
    try:
        scores = classifier.predict_proba(paths)
    except ImageReadError as error:
        failures = error.failures
        if fail_fast or len(failures) == len(set(paths)):
            raise
        print_failures(failures, len(paths))
        paths = [path for path in paths if path not in failures]
        # The other files are decoded already.
        scores = classifier.predict_proba(paths)
    classes = classifier.classes_
    labels = classes[scores.argmax(axis=1)]
    return FilePredictions(
        paths, classes.tolist(), labels.tolist(), scores.tolist(), failures
    )
