"""Measure how much the saliency maps of several methods agree."""

import itertools

import numpy as np

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.inspection._check_maps import check_maps
from cxrclf.inspection._rank_correlation import standardized_ranks
from cxrclf.inspection._saliency_scores import SaliencyScores

_VALUES_PER_PART = 2**20  # number of ranks per method that are in memory at once


def map_agreement(
    maps,
    *,
    groups=None,
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
):
    """Measure how much the saliency maps of several methods agree.

    The score of two methods is Spearman's rank correlation of the pixels of their maps:
    1 if both order all pixels in the same way, and about 0 for unrelated maps. It does
    not depend on the scale of the values.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    maps : dict of str to array-like of shape (n, H, W)
        Maps of the same images by two or more methods, by the name of the method.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples of the patients for the intervals.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    SaliencyScores
        One score per pair of methods, with a name such as ``"gradcam, lime"``. It is
        nan for a constant map.

    Raises
    ------
    ValueError
        If there are fewer than two methods, if maps have different shapes, or if a
        parameter is invalid.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import baseline_maps, map_agreement
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> maps = {
    ...     "center": baseline_maps(data.images, "center"),
    ...     "edges": baseline_maps(data.images, "edges"),
    ... }
    >>> scores = map_agreement(maps, groups=data.groups)
    >>> list(scores.values)
    ['center, edges']
    """
    if not isinstance(maps, dict) or len(maps) < 2:
        raise ValueError(
            "maps must be a dict with the maps of two or more methods, as in "
            '{"gradcam": ..., "lime": ...}.'
        )
    arrays = {
        name: check_maps(found, f"maps[{name!r}]") for name, found in maps.items()
    }
    first = next(iter(arrays))
    shape = arrays[first].shape
    for name, found in arrays.items():
        if found.shape != shape:
            raise ValueError(
                f"The maps of {first!r} have the shape {shape}, but the maps of "
                f"{name!r} have the shape {found.shape}. Compute all maps for the same "
                "images at the same size."
            )
    resampling = PatientResampling(
        shape[0], groups, confidence_level, n_resamples, random_state
    )
    values = {
        (one, other): np.empty(shape[0])
        for one, other in itertools.combinations(arrays, 2)
    }
    step = max(1, _VALUES_PER_PART // (shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        part = slice(start, start + step)
        ranks = {
            name: standardized_ranks(found[part]) for name, found in arrays.items()
        }
        for (one, other), column in values.items():
            column[part] = (ranks[one] * ranks[other]).sum(1)
    named = {f"{one}, {other}": column for (one, other), column in values.items()}
    return SaliencyScores._from_resampling(named, resampling)
