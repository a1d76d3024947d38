"""Folders with one subfolder per class, also if they are split already."""

from pathlib import Path

_TRAINING = ("train", "training")
_VALIDATION = ("val", "valid", "validation")
_TEST = ("test", "testing")


def load_class_folder(folder, groups=None):
    """Load a folder of images, and its test set if it is split.

    Parameters
    ----------
    folder : path-like
        Folder with one subfolder per class, or with such folders of the names
        ``train``, ``val`` and ``test``. Images of ``val`` belong to the training set,
        or to the test set if there is no ``test``.
    groups : str, default=None
        Regular expression that finds the patient in a file name.

    Returns
    -------
    train : Bunch
        Images for training, or all images, as
        :func:`~cxrclf.datasets.load_image_folder` returns them.
    test : Bunch or None
        Test images. None if the folder is not split.
    """
    from cxrclf.datasets import load_image_folder

    folder = Path(folder)
    names = {}
    if folder.is_dir():
        names = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    training, validation, tests = (
        [names[name] for name in group if name in names]
        for group in (_TRAINING, _VALIDATION, _TEST)
    )
    if tests:
        training += validation
    else:
        tests = validation
    if not (tests and training):
        return load_image_folder(folder, groups=groups), None
    train = join_folders([load_image_folder(path, groups=groups) for path in training])
    return train, load_image_folder(tests[0], groups=groups)


def join_folders(parts):
    """Join the images of several folders.

    Parameters
    ----------
    parts : list of Bunch
        Images as :func:`~cxrclf.datasets.load_image_folder` returns them.

    Returns
    -------
    Bunch
        Images of all folders, with `data`, `target`, `groups` and `DESCR`.
    """
    import numpy as np
    from sklearn.utils import Bunch

    if len(parts) == 1:
        return parts[0]
    groups = None
    if parts[0].groups is not None:
        groups = np.concatenate([part.groups for part in parts])
    return Bunch(
        data=np.concatenate([part.data for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        groups=groups,
        DESCR="\n".join(part.DESCR for part in parts),
    )
