"""Groups of samples that must not be separated: patients and copies."""

import numpy as np

from cxrclf._utils.groups import check_groups
from cxrclf._utils.splitting import join_groups


def link_groups(groups, duplicates):
    """Join the groups of patients that share an image.

    Pass the result as `groups` to any splitter of scikit-learn. Then all images of a
    patient, and all copies of an image, are in the same fold.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    groups : array-like of shape (n,) or None
        Patient id of each image. None stands for one image per patient.
    duplicates : DuplicateReport or array-like of shape (n,)
        Result of :func:`find_duplicates` for the same images, or a label of each image
        that is equal for copies.

    Returns
    -------
    ndarray of shape (n,) of int
        Group of each image. Images of the same patient have the same group, and so have
        copies, and images that are linked through other images.

    Raises
    ------
    ValueError
        If the lengths differ, or if ids are missing.

    See Also
    --------
    StratifiedPatientKFold : Folds that keep these groups together.

    Examples
    --------
    Copies of one image have different patient ids:

    >>> from cxrclf.audit import link_groups
    >>> link_groups(["a", "a", "b", "c"], duplicates=[0, 1, 1, 2])
    array([0, 0, 0, 1])
    """
    labels = np.asarray(getattr(duplicates, "labels", duplicates))
    if labels.ndim != 1:
        raise ValueError(
            "duplicates must be the result of find_duplicates or one label per image, "
            f"got {type(duplicates).__name__} of shape {labels.shape}."
        )
    groups = check_groups(groups, len(labels))
    if groups is None:
        groups = np.arange(len(labels))
    linked = join_groups(groups, labels)
    return np.unique(linked, return_inverse=True)[1]
