"""Hold out patients with all copies of their images."""


def split_validation(data, fraction, *, seed, cache_dir=None, verbose=0):
    """Split the images of a folder into training and validation images.

    Parameters
    ----------
    data : Bunch
        Images as :func:`cxrclf.datasets.load_image_folder` returns them.
    fraction : float
        Fraction of the patients in the validation set, in [0, 0.5], rounded to one in a
        whole number. 0 holds out nothing.
    seed : int
        Seed of the split.
    cache_dir : path-like, default=None
        Folder of decoded images.
    verbose : int, default=0
        Whether to show progress bars.

    Returns
    -------
    train, valid : ndarray of int
        Row numbers. Copies of an image, and all images of a patient, are on one side.

    Raises
    ------
    ValueError
        If there is only one class, or if a class has too few images or patients for
        both sides.
    """
    import numpy as np

    from cxrclf._utils.counts import format_count
    from cxrclf.audit import StratifiedPatientKFold, find_duplicates

    X, y = data.data, data.target
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"There is one class only, {classes[0]}. A classifier needs one subfolder "
            "for each of two classes or more."
        )
    rows = np.arange(len(y))
    if fraction == 0:
        return rows, rows[:0]
    n_splits = round(1 / fraction)
    if counts.min() < n_splits:
        raise ValueError(
            f"--validation-fraction {fraction} holds out one image in {n_splits}, but "
            f"the class {classes[counts.argmin()]} has "
            f"{format_count(int(counts.min()), 'image')}. Use a "
            "larger fraction, or 0 to train on all images."
        )
    splitter = StratifiedPatientKFold(
        n_splits,
        shuffle=True,
        random_state=seed,
        duplicates=find_duplicates(X, cache_dir=cache_dir, verbose=verbose),
    )
    groups = rows if data.groups is None else data.groups
    train, valid = next(splitter.split(X, y, groups))
    for part, name in ((train, "training"), (valid, "validation")):
        missing = np.setdiff1d(classes, y[part])
        if len(missing):
            raise ValueError(
                f"All patients with the class {missing[0]} are on one side of the "
                f"split, and the {name} images lack it. Use another --seed or another "
                "--validation-fraction, or 0 to train on all images."
            )
    return train, valid
