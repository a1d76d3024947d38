"""Outcome of one network in one fold."""

import csv
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cxrclf._utils.files import replace_file
from cxrclf._utils.tables import write_csv
from cxrclf.metrics import Predictions

_FIT, _PREDICTIONS = "fit.json", "predictions.csv"


class Examples(NamedTuple):
    """Test images with saliency maps: typical ones, and the worst errors.

    Attributes
    ----------
    rows : ndarray of shape (n,) of int
        Row of each image in the data of the study.
    kind : list of str
        "typical" for a recognized image of median probability, or "worst" for a wrong
        prediction of high probability.
    y_true, y_pred : list of str
        True class and predicted class.
    probability : ndarray of shape (n,)
        Probability of the predicted class, in [0, 1].
    images : ndarray of shape (n, H, W) of uint8
        Images as the network sees their size.
    maps : ndarray of shape (n, H, W) of float
        Saliency maps of the predicted class, in [0, 1].
    """

    rows: np.ndarray
    kind: list
    y_true: list
    y_pred: list
    probability: np.ndarray
    images: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True, eq=False)
class FitResult:
    """Outcome of one network in one fold.

    Parameters
    ----------
    network : str
        Name of the network.
    fold : int
        Number of the fold, from 1.
    predictions : Predictions
        Predictions of the test images. Their `rows` are rows of the data of the study.
    history : dict of str to list, default={}
        One value per epoch, as in the attribute `history_` of the classifier.
    counts : dict of str to dict, default={}
        For "train", "valid" and "test", the number of images of each class. "train"
        counts distinct images, before a sampler.
    details : dict, default={}
        Seconds of the training (`seconds_fit`) and of the prediction of the test
        images (`seconds_predict`); numbers of parameters (`parameters`,
        `trainable_parameters`); floating-point operations per image (`flops`); size of
        the saved model in megabytes (`megabytes`); number of epochs (`n_epochs`); epoch
        of the weights, if the best epoch was selected (`best_epoch`); `phases` as text;
        name of the class of the classifier (`classifier`); method of the saliency maps
        (`maps`), or the reason if there are none (`no_maps`). A value that is not known
        is None or missing.
    examples : Examples or None, default=None
        Test images with saliency maps.
    fingerprint : str, default=""
        Text that identifies the training.
    """

    network: str
    fold: int
    predictions: Predictions
    history: dict[str, list] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    examples: Examples | None = None
    fingerprint: str = ""

    def __repr__(self):
        return f"<FitResult of {self.network!r} in fold {self.fold}>"

    def save(self, folder):
        """Write the outcome to a folder. The last file marks it as complete.

        Parameters
        ----------
        folder : path-like
            Folder, which is made if necessary.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (_FIT, "history.csv", "examples.npz"):  # of an earlier training
            (folder / name).unlink(missing_ok=True)
        self.predictions.to_csv(folder / _PREDICTIONS)
        if self.history:
            columns = list(self.history)
            rows = list(zip(*self.history.values(), strict=True))
            write_csv(folder / "history.csv", columns, rows)
        if self.examples is not None:
            _save_examples(folder / "examples.npz", self.examples)
        content = {
            "network": self.network,
            "fold": self.fold,
            "counts": self.counts,
            "details": self.details,
            "fingerprint": self.fingerprint,
        }
        write_json(folder / _FIT, content)

    @classmethod
    def load(cls, folder):
        """Read an outcome from a folder.

        Parameters
        ----------
        folder : path-like
            Folder of :meth:`save`.

        Returns
        -------
        FitResult

        Raises
        ------
        OSError, ValueError
            If files are missing or damaged.
        """
        folder = Path(folder)
        content = read_json(folder / _FIT)
        history, examples = folder / "history.csv", folder / "examples.npz"
        if not (folder / _PREDICTIONS).exists():
            raise FileNotFoundError(
                f"{folder / _PREDICTIONS} is missing. Remove this folder, and run the "
                "study again."
            )
        return cls(
            content["network"],
            content["fold"],
            Predictions.from_csv(folder / _PREDICTIONS),
            _read_history(history) if history.exists() else {},
            content["counts"],
            content["details"],
            _load_examples(examples) if examples.exists() else None,
            content["fingerprint"],
        )


def read_fingerprint(folder):
    """Return the fingerprint of a complete outcome, or None if there is none."""
    path = Path(folder) / _FIT
    return read_json(path)["fingerprint"] if path.exists() else None


def write_json(path, content):
    """Write plain values to a JSON file, completely or not at all."""
    with replace_file(path) as temporary:
        text = json.dumps(content, indent=1, default=_to_plain)
        temporary.write_text(text, encoding="utf-8")


def read_json(path):
    """Read a JSON file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged: {error}. Remove its folder, and run the study again."
        ) from error


def _to_plain(value):
    """Return a number of NumPy as a number of Python, and a path as text."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{value!r} cannot be written to a JSON file.")


def _save_examples(path, examples):
    arrays = {
        name: np.asarray(value, dtype=str) if isinstance(value, list) else value
        for name, value in examples._asdict().items()
    }
    with replace_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def _load_examples(path):
    with np.load(path) as arrays:
        values = {name: arrays[name] for name in arrays.files}
    for name in ("kind", "y_true", "y_pred"):
        values[name] = values[name].tolist()
    return Examples(**values)


def _read_history(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {
        name: [_number(row[column]) for row in rows]
        for column, name in enumerate(header)
    }


def _number(text):
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return text
