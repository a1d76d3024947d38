"""GenerationQuality: measures of generated images, and what they mean."""

from dataclasses import dataclass

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.tables import as_text
from cxrclf.generation._kernel_distance import KernelDistance

# A linear classifier below this balanced accuracy tells too little about an image.
_LEAST_ACCURACY = 0.7
# Translation bridges less than a third of the way from the sources to real images.
_LEAST_GAIN = 1 / 3
_LEAST_DIVERSITY = 0.5
_MOST_COPIES = 0.5
# A generator that returns its input has a ratio around 1.
_LARGEST_RATIO = 2 / 3
_LONGER = "Train longer (max_iter) or with wider networks (width)."


@dataclass(frozen=True, repr=False, eq=False)
class GenerationQuality:
    """Quality of generated images, from :func:`generation_quality`.

    Read more in the :ref:`User Guide <generation>`.

    Attributes
    ----------
    n_generated, n_real : int
        Number of generated images, and of real images of their class.
    kernel_distance : KernelDistance
        Kernel distance between generated and real images, with the limits of its middle
        95 % under permutation and the p value.
    source_distance : KernelDistance or None
        Kernel distance between the sources and the real images: the distance without
        any translation.
    distance_ratio : float or None
        `kernel_distance` divided by `source_distance`: 0 if translation reaches the
        class, 1 if it gains nothing.
    memorized : float
        Fraction of copies of real images, in [0, 1].
    diversity : float
        Mean distance between two generated images, divided by the mean distance between
        two real images. Near 0 if all generated images are equal, 1 if they are as
        diverse as the real ones.
    separability : float
        Area under the ROC curve of a linear classifier that tells generated from real
        images, on held-out images. 0.5 if it cannot, 1 if it always can.
    recognized : float or None
        Fraction of the generated images that a linear classifier of real images assigns
        to the generated class.
    recognized_interval : (float, float) or None
        Its Wilson interval of 95 %.
    gain : float or None
        What translation gained: `recognized` minus the fraction of the sources or of
        the controls, whichever is larger, divided by the fraction of real images minus
        the fraction of the sources. 0 if nothing is gained, 1 if generated images are
        recognized as often as real ones.
    recognized_controls : float or None
        The same fraction of the controls: images of the source class that went through
        the same kind of network. A high fraction shows that traces of the network are
        recognized, and not the class.
    reference_accuracy : float or None
        Balanced accuracy of this classifier on held-out real images.
    change_inside, change_outside : float or None
        Mean absolute change of the pixels inside and outside the lungs, in [0, 1].
    nearest_index : ndarray of shape (n_generated,)
        Row of the real image that is nearest to each generated image.
    nearest_distance : ndarray of shape (n_generated,)
        Distance to it, relative to the distance from that image to its nearest other
        real image. Below 0.5 the image counts as a copy.
    reasons : tuple of str
        Why the images are of no use, each with the remedy. Empty if they are useful.
    """

    n_generated: int
    n_real: int
    kernel_distance: KernelDistance
    source_distance: KernelDistance | None
    distance_ratio: float | None
    memorized: float
    diversity: float
    separability: float
    gain: float | None
    recognized: float | None
    recognized_interval: tuple | None
    recognized_controls: float | None
    reference_accuracy: float | None
    change_inside: float | None
    change_outside: float | None
    nearest_index: np.ndarray
    nearest_distance: np.ndarray
    reasons: tuple = ()

    @property
    def useful(self):
        """Whether no measure shows that the images are of no use."""
        return not self.reasons

    def _rows(self):
        """Return the name, value and limits of each measure that was computed."""
        rows = [
            [name, *distance[:3]]
            for name in ("kernel_distance", "source_distance")
            if (distance := getattr(self, name)) is not None
        ]
        for name in (
            "distance_ratio",
            "gain",
            "recognized",
            "recognized_controls",
            "reference_accuracy",
            "separability",
            "diversity",
            "memorized",
            "change_inside",
            "change_outside",
        ):
            if (value := getattr(self, name)) is not None:
                limits = [np.nan, np.nan]
                if name == "recognized":
                    limits = self.recognized_interval
                rows.append([name, value, *limits])
        return rows

    def __str__(self):
        lines = [
            [name, *("" if np.isnan(x) else f"{x:.3g}" for x in values)]
            for name, *values in self._rows()
        ]
        table = as_text(["", "value", "low", "high"], lines)
        verdict = "useful" if self.useful else "of no use: " + " ".join(self.reasons)
        return (
            f"{table}\n{self.n_generated} generated and {self.n_real} real images; "
            f"{verdict}"
        )

    def __repr__(self):
        verdict = "useful" if self.useful else "of no use"
        return f"<GenerationQuality of {self.n_generated} images: {verdict}>"

    def to_frame(self):
        """Return the measures as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_measures, 3)
            One row per measure, with the columns ``value``, ``low`` and ``high``. The
            limits of distances are those under permutation.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = import_optional(
            "pandas", extra="pandas", purpose="GenerationQuality.to_frame"
        )
        rows = self._rows()
        return pandas.DataFrame(
            [values for _, *values in rows],
            index=[name for name, *_ in rows],
            columns=["value", "low", "high"],
        )


def find_reasons(quality, max_distance=None):
    """Return why generated images are of no use.

    Parameters
    ----------
    quality : GenerationQuality
    max_distance : float, default=None
        Largest distance ratio of useful images. By default there is a limit only if
        the classifier of real images is not accurate enough to judge.

    Returns
    -------
    tuple of str
        One sentence with the cause and one with the remedy for each reason.
    """
    reasons = []
    judged = (quality.reference_accuracy or 0) >= _LEAST_ACCURACY
    if judged and quality.gain < _LEAST_GAIN:
        controls = quality.recognized_controls
        also = "" if controls is None else f", and {controls:.0%} of the controls"
        reasons.append(
            "A classifier of real images assigns too few of them to their class: "
            f"{quality.recognized:.0%}{also} (gain {quality.gain:.2f}). {_LONGER}"
        )
    no_ratio = quality.source_distance is not None and quality.distance_ratio is None
    if no_ratio and (max_distance is not None or not judged):
        reasons.append(
            "Their quality cannot be judged, because the sources resemble the real "
            "images too much. Use more images or another source class."
        )
    if max_distance is None:
        max_distance = np.inf if judged else _LARGEST_RATIO
    if quality.distance_ratio is not None and quality.distance_ratio > max_distance:
        reasons.append(
            "They are too far from the real images of their class "
            f"(distance ratio {quality.distance_ratio:.2f}, at most "
            f"{max_distance:.3g}). {_LONGER}"
        )
    if quality.memorized > _MOST_COPIES:
        reasons.append(
            f"{quality.memorized:.0%} of them copy a real image. Use repeats of the "
            "real images instead, or train with more images."
        )
    if quality.diversity < _LEAST_DIVERSITY:
        reasons.append(
            f"They resemble one another (diversity {quality.diversity:.2f} of the "
            "real images). Train with more images, another random_state or a smaller "
            "learning_rate."
        )
    if (
        quality.change_outside is not None
        and quality.change_outside > quality.change_inside
    ):
        reasons.append(
            f"They changed more outside the lungs ({quality.change_outside:.3f}) than "
            f"inside ({quality.change_inside:.3f}). Mask the images with a LungMasker "
            "first."
        )
    return tuple(reasons)
