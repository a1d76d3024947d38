"""Name the files of saved masks."""

import os
from collections import Counter
from pathlib import Path


def name_masks(images, folder, classes):
    """Return the path to which the mask of each image file is saved.

    Parameters
    ----------
    images : ImageInput
    folder : pathlib.Path
        Folder of the masks.
    classes : ndarray of shape (n_classes,)
        Values of the pixels of a mask.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    ValueError
        If X has no files, if two files have the same name, if a value needs more than
        8 bits, or if a mask would replace its image.
    """
    if images.paths is None:
        raise ValueError(
            "save_masks names masks after files, and X holds none. Use "
            "predict_masks(X) for arrays."
        )
    if classes.max() > 255:
        raise ValueError(
            f"save_masks writes 8 bits, and labels go up to {classes.max()}."
        )
    names = [folder / f"{Path(path).stem}.png" for path in images.paths]
    # Some file systems do not distinguish upper case from lower case.
    clash, count = Counter(str(name).lower() for name in names).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"Several files would have the mask {clash}. Save the masks of each image "
            "folder to another folder."
        )
    # Real paths, because the folder may be a link to the folder of the images.
    files = {os.path.realpath(path) for path in images.paths}
    if any(os.path.realpath(name) in files for name in names):
        raise ValueError(
            f"Masks in {folder} would replace their images. Pass another folder."
        )
    return names
