"""What a network is trained on, before and after files are opened."""

from dataclasses import dataclass, field

import numpy as np

from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.targets import NoTargets, Targets
from cxrclf._training.weights import SampleWeights
from cxrclf.augmentation import Copies
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ImageInput, Images


@dataclass(frozen=True)
class Examples:
    """Checked rows of X and y, none of whose files is opened yet.

    Parameters
    ----------
    images : ImageInput
        X.
    targets : Targets
        y. Its method ``open`` reads what lies in files.
    weights : SampleWeights
        Factors of the samples on the loss. By default all are 1.
    """

    images: ImageInput
    targets: Targets
    weights: SampleWeights = field(default_factory=SampleWeights)

    def phases(self, rows_of_phases=None):
        """Return the rows of each phase, without the rows that weigh nothing.

        Parameters
        ----------
        rows_of_phases : list of ndarray of int, default=None
            By default all rows are one phase.

        Returns
        -------
        list of ndarray of int

        Raises
        ------
        ValueError
            If the weights of a phase are unsuitable.
        """
        if rows_of_phases is None:
            rows_of_phases = [np.arange(len(self.images))]
        return [rows[self.weights.at(rows) > 0] for rows in rows_of_phases]

    def open(self, **reading):
        """Read images and targets, and name all that cannot be read at once.

        Parameters
        ----------
        **reading
            Parameters of :meth:`cxrclf.images.ImageInput.open`.

        Returns
        -------
        images : Images
        targets : Targets

        Raises
        ------
        ImageReadError
        """
        opened, failures = [], {}
        for part in (self.targets, self.images):
            try:
                opened.append(part.open(**reading))
            except ImageReadError as error:
                failures |= error.failures
        if failures:
            raise ImageReadError(failures)
        targets, images = opened
        return images, targets


@dataclass(frozen=True)
class TrainingData:
    """Opened images and targets, and the rows that each epoch takes.

    Parameters
    ----------
    images : Images
        The images as decoded.
    copies : Copies
        Which of the rows are transformed copies.
    targets : Targets
    schedule : EpochSchedule
    """

    images: Images
    copies: Copies
    targets: Targets
    schedule: EpochSchedule

    @classmethod
    def of_prediction(cls, images, paths):
        """Return all rows of images that are only predicted from.

        Parameters
        ----------
        images : Images
        paths : ndarray of shape (n,) of object, or None
        """
        n = len(images)
        schedule = EpochSchedule.of_rows(np.arange(n))
        return cls(images, Copies(images, paths), NoTargets(n), schedule)

    @property
    def keys(self):
        """Keys by which the views of rows are drawn, (n,) of uint64."""
        return self.targets.view_keys(self.copies.keys)

    def fingerprint_parts(self):
        """Return the arrays that identify what is trained on."""
        return [
            part
            for rows, weights in self.schedule.phases
            for part in (self.keys[rows], self.targets.keys[rows], weights)
        ]
