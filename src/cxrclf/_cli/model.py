"""Load the classifier of a model folder."""

import json
import os
from pathlib import Path

from cxrclf._cli.output import check_folder

_DESCRIPTION = "model.json"


def load_classifier(folder, *, device="auto"):
    """Load the classifier that ``save`` wrote to a folder.

    Parameters
    ----------
    folder : path-like
        Folder that was passed to ``save``, or to ``cxrclf train --out``.
    device : str, default="auto"
        Device of the network.

    Returns
    -------
    CXRClassifier or DualBackboneConcat
        The fitted classifier.

    Raises
    ------
    WeightsError
        If the folder has no model, or a damaged one.
    ValueError
        If the model is no classifier, or if there is no such device.
    """
    # The imports load torch, which --help does not need.
    from cxrclf import CXRClassifier, DualBackboneConcat
    from cxrclf._torch.device import resolve_device

    resolve_device(device)  # `load` would warn and use the CPU
    name = _read_name(folder)
    classes = {cls.__name__: cls for cls in (CXRClassifier, DualBackboneConcat)}
    if name is not None and name not in classes:
        raise ValueError(
            f"{folder} has a {name}, which is not a classifier. Pass the folder of a "
            f"{' or '.join(classes)}."
        )
    return classes.get(name, CXRClassifier).load(folder, device=device)


def check_model_folder(folder, overwrite=False):
    """Refuse a folder that a new model would mix with other files.

    Parameters
    ----------
    folder : path-like
        Folder of the new model.
    overwrite : bool, default=False
        Whether the new model may replace an earlier one.

    Raises
    ------
    OSError
        If the folder has an earlier model or other files, or cannot be written to.
    """
    check_folder(folder)
    names = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    if _DESCRIPTION in names and not overwrite:
        raise FileExistsError(
            f"{folder} has a model already. Pass another folder, or --overwrite to "
            "replace the model."
        )
    if names and _DESCRIPTION not in names:
        raise FileExistsError(
            f"{folder} has files of no model, such as {min(names)!r}. Pass a new "
            "or an empty folder."
        )


def add_device(parser):
    """Add the option for the device of a network."""
    parser.add_argument(
        "--device",
        default="auto",
        help="device of the network, such as cpu or cuda (default: cuda if there is "
        "one, and else cpu)",
    )


def _read_name(folder):
    """Return the name of the estimator of a folder, or None if it is not readable."""
    try:
        description = json.loads((Path(folder) / _DESCRIPTION).read_text("utf-8"))
        return str(description["estimator"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # the error of `load` names the cause
