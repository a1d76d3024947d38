"""Measure how much of a saliency map lies in a mask."""

import numpy as np

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.inspection._check_maps import check_maps
from cxrclf.inspection._saliency_scores import SaliencyScores
from cxrclf.masks import MaskInput


def saliency_in_mask(
    maps,
    masks,
    *,
    groups=None,
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
):
    """Measure how much of each saliency map lies in a mask of lungs or lesions.

    The scores are:

    - ``share``: share of the sum of the positive values of the map that lies in the
      mask;
    - ``hit``: 1 if the largest value of the map lies in the mask, otherwise 0, the
      pointing game [1]_. If several pixels have the largest value, it is the fraction
      of them that lies in the mask;
    - ``area``: fraction of the image that the mask covers. It is the share and the
      expected hit of a uniform map;
    - ``share - area`` and ``hit - area``: differences to a uniform map.

    The scores tell where a map lies. They do not tell whether the map describes the
    classifier, see :func:`randomization_check` and :func:`insertion_deletion`. A
    radiograph has the lungs in its center, so compare with the scores of
    :func:`baseline_maps`. Human readers are another comparison [2]_.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    maps : array-like of shape (n, H, W)
        Saliency maps.
    masks : array-like
        Masks of shape (n, H, W), of bool or of 0 and one other value; or mask files, in
        any form that :func:`cxrclf.masks.open_masks` accepts. Files are read at the
        size of the maps.
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
        All scores of an image with an empty mask are nan. ``share`` and ``hit`` are nan
        for a map without positive values.

    Raises
    ------
    ValueError
        If maps and masks have different shapes, if masks have more than two values, or
        if a parameter is invalid.
    ImageReadError
        If mask files cannot be read.

    References
    ----------
    .. [1] J. Zhang et al., "Top-down neural attention by excitation backprop",
       International Journal of Computer Vision 126, 2018.
    .. [2] A. Saporta et al., "Benchmarking saliency methods for chest X-ray
       interpretation", Nature Machine Intelligence 4, 2022.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import baseline_maps, saliency_in_mask
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> maps = baseline_maps(data.images, "center")
    >>> scores = saliency_in_mask(maps, data.masks, groups=data.groups)
    >>> scores.n_images
    12
    >>> scores["share"].value > scores["area"].value
    True
    """
    maps = check_maps(maps)
    resampling = PatientResampling(
        len(maps), groups, confidence_level, n_resamples, random_state
    )
    masks = _open_masks(masks, maps.shape)
    rows = [
        _score_map(pixels, masks.gather([i])[0] > 0) for i, pixels in enumerate(maps)
    ]
    share, hit, area = np.transpose(rows)
    values = {
        "share": share,
        "hit": hit,
        "area": area,
        "share - area": share - area,
        "hit - area": hit - area,
    }
    return SaliencyScores._from_resampling(values, resampling)


def _open_masks(masks, shape):
    """Open masks, and check that they have the shape of the maps."""
    found = MaskInput.from_y(masks)
    if found.columns is None and found.values.shape != shape:
        cure = "Pass one mask per map."
        if len(found) == shape[0]:
            cure = (
                "Resize the masks with cxrclf.masks.resize_masks(masks, "
                "maps.shape[1:]), or compute the maps at the size of the masks: "
                f"size={found.values.shape[1:]}."
            )
        raise ValueError(
            f"maps have the shape {shape}, but masks have the shape "
            f"{found.values.shape}. {cure}"
        )
    if len(found) != shape[0]:
        raise ValueError(
            f"There are {shape[0]} maps, but {len(found)} masks. Pass one mask per map."
        )
    return found.open(shape[1:])


def _score_map(pixels, mask):
    """Return the share, the hit and the area of a map."""
    if not mask.any():
        return np.nan, np.nan, np.nan
    positive = np.maximum(pixels, 0, dtype=np.float64)
    total = positive.sum()
    if total <= 0:
        return np.nan, np.nan, mask.mean()
    share = positive[mask].sum() / total
    return share, mask[pixels == pixels.max()].mean(), mask.mean()
