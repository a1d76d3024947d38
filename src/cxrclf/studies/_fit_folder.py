"""Folder of the outcome of one network in one fold."""

import hashlib
import re
from pathlib import Path


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
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", network).strip("._")
    if name != network:
        name += "-" + hashlib.blake2b(network.encode(), digest_size=3).hexdigest()
    return Path(folder) / "fits" / name / f"fold-{fold}"
