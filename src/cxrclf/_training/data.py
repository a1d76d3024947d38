"""The data of a training, before and after files are opened."""

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
    """Checked rows of X and y. No file is opened yet.

    Parameters
    ----------
    images : ImageInput
        X.
    targets : Targets
        y. Its method ``open`` reads targets that are files.
    weights : SampleWeights
        Factors on the loss of each sample. By default all are 1.
    """

    images: ImageInput
    targets: Targets
    weights: SampleWeights = field(default_factory=SampleWeights)

    def phases(self, rows_of_phases=None):
        """Return the rows of each phase, without rows of weight 0.

        Parameters
        ----------
        rows_of_phases : list of ndarray of int, default=None
            Rows of each phase. None stands for a single phase of all rows.

        Returns
        -------
        list of ndarray of int

        Raises
        ------
        ValueError
            If the weights of a phase are invalid.
        """
        if rows_of_phases is None:
            rows_of_phases = [np.arange(len(self.images))]
        return [rows[self.weights.at(rows) > 0] for rows in rows_of_phases]

    def open(self, **reading):
        """Read images and targets.

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
            If files cannot be read. The error names all of them.

        Warns
        -----
        PixelRangeWarning
            If 16-bit files use only a few bits.
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
        if self.images.paths is not None:
            images.warn_of_range()
        return images, targets


@dataclass(frozen=True)
class TrainingData:
    """Opened images and targets, and the rows of each epoch.

    Parameters
    ----------
    images : Images
        Decoded images.
    copies : Copies
        The rows that are transformed copies of files.
    targets : Targets
    schedule : EpochSchedule
    """

    images: Images
    copies: Copies
    targets: Targets
    schedule: EpochSchedule

    @classmethod
    def of_prediction(cls, images, paths):
        """Return the data of a prediction: all rows, without targets.

        Parameters
        ----------
        images : Images
        paths : ndarray of shape (n,) of object, or None
            Paths of the images. None for images that are arrays.
        """
        n = len(images)
        schedule = EpochSchedule.of_rows(np.arange(n))
        return cls(images, Copies(images, paths), NoTargets(n), schedule)

    @property
    def keys(self):
        """Keys from which the views of rows are drawn, (n,) of uint64."""
        return self.targets.view_keys(self.copies.keys)

    def fingerprint_parts(self):
        """Return the arrays that identify the data of a training."""
        return [
            part
            for rows, weights in self.schedule.phases
            for part in (self.keys[rows], self.targets.keys[rows], weights)
        ]
