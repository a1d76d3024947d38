"""The parameter `duplicates` of reports and splitters."""

import numpy as np

from cxrclf.audit._find_duplicates import find_duplicates
from cxrclf.images import ImageInput


def check_duplicates(duplicates, X, n, **search):
    """Return the copies among images, or None.

    Parameters
    ----------
    duplicates : "find", DuplicateReport, array-like of shape (n,) or None
        Parameter of a report or a splitter.
    X : array-like of length n
        Images, for the search.
    n : int
        Number of images.
    **search
        Parameters of :func:`find_duplicates`.

    Returns
    -------
    DuplicateReport, ndarray of shape (n,) or None
        A report, or labels that are equal for copies.

    Raises
    ------
    ValueError
        If `duplicates` is another text, or belongs to another number of images, or if
        copies are to be found in flat rows.
    """
    if duplicates is None:
        return None
    if isinstance(duplicates, str):
        if duplicates != "find":
            raise ValueError(
                "duplicates must be 'find', None, the result of find_duplicates or one "
                f"label per image, got {duplicates!r}."
            )
        if getattr(X, "ndim", 0) == 2 and np.asarray(X).dtype.kind in "biuf":
            raise ValueError(
                "Copies cannot be searched for in flat rows of pixels. Pass images of "
                "shape (n, H, W), or duplicates=None."
            )
        return find_duplicates(X, **search)
    labels = np.asarray(getattr(duplicates, "labels", duplicates))
    if labels.shape != (n,) and hasattr(duplicates, "find_labels"):
        # The folds of an inner cross-validation are a part of the images.
        found = duplicates.find_labels(ImageInput.from_X(X))
        if found is not None:
            return found
    if labels.shape != (n,):
        raise ValueError(
            f"duplicates belongs to {len(labels) if labels.ndim else 1} images, and "
            f"there are {n}. Pass the result of find_duplicates for the same images. "
            "In the inner folds of a nested cross-validation, pass 'find'."
        )
    return duplicates if hasattr(duplicates, "labels") else labels
