"""Folder of the outcome of one network in one fold."""

import hashlib
import re
from pathlib import Path

_LONGEST = 80  # letters
_RESERVED = r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?"  # by Windows


def fit_folder(folder, network, fold):
    """Return the folder of the outcome of one network in one fold.

    Parameters
    ----------
    folder : path-like
        Folder of the results of a study.
    network : str
        Name of the network. If it has letters that file systems refuse, the name of
        the folder ends with a digest, so that two networks never share a folder.
    fold : int
        Number of the fold, from 1.

    Returns
    -------
    pathlib.Path
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", network).strip("._")[:_LONGEST]
    if re.fullmatch(_RESERVED, name, re.IGNORECASE):
        name = f"_{name}"
    if name != network:
        name += "-" + hashlib.blake2b(network.encode(), digest_size=3).hexdigest()
    return Path(folder) / "fits" / name / f"fold-{fold}"
