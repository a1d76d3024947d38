"""Names of the files that predicted masks are saved to."""

import os
from collections import Counter
from pathlib import Path


def name_masks(images, folder, classes):
    """Return the file to which the mask of each image file is saved.

    Parameters
    ----------
    images : ImageInput
    folder : pathlib.Path
    classes : ndarray of shape (n_classes,)
        The values that are saved.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    ValueError
        If there are no files, two of the same name, values that 8 bits do not hold,
        or a mask would replace its image.
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
    # Some systems take upper and lower case for the same.
    clash, count = Counter(str(name).lower() for name in names).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"Several files would have the mask {clash}. Save those of each "
            "folder to a folder of their own."
        )
    # Real paths, for the folder may be a link to that of the images.
    files = {os.path.realpath(path) for path in images.paths}
    if any(os.path.realpath(name) in files for name in names):
        raise ValueError(
            f"Masks in {folder} would replace their images. Give another folder."
        )
    return names
