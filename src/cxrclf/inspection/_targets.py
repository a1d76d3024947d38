"""The classes that saliency maps explain."""

import numpy as np


def find_codes(target, classes, n):
    """Return the numbers of the classes to explain.

    Parameters
    ----------
    target : None, "all", label, or array-like of shape (n,)
        As in :func:`~cxrclf.inspection.saliency_maps`.
    classes : ndarray of shape (n_classes,)
        Sorted classes of the classifier.
    n : int
        Number of images.

    Returns
    -------
    ndarray of shape (n,) of int, None or "all"
        None stands for the predicted class.

    Raises
    ------
    ValueError
        If a label is no class, or if there is not one label per image.
    """
    known = classes.tolist()
    if target is None:
        return None
    if isinstance(target, str) and target == "all" and "all" not in known:
        return "all"
    labels = np.asarray(target)
    if labels.ndim == 0:
        labels = np.repeat(labels, n)
    if labels.shape != (n,):
        raise ValueError(
            f'target must be None, "all", one class, or one class for each of the {n} '
            f"images, got an array of shape {labels.shape}."
        )
    labels = labels.tolist()
    # True equals 1, but it is no label of the classes 0 and 1.
    pairs = {(type(label) is bool, label) for label in known}
    unknown = sorted({repr(x) for x in labels if (type(x) is bool, x) not in pairs})
    if unknown:
        raise ValueError(
            f"target has {', '.join(unknown)}, but the classes of the classifier are "
            f"{known}."
        )
    return np.array([known.index(label) for label in labels])
