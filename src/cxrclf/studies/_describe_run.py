"""Description of a run as plain values, for a file."""

import platform
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from cxrclf import __version__
from cxrclf.studies._describe_study import list_settings

_PACKAGES = ("imbalanced-learn", "numpy", "scikit-learn", "skorch", "timm", "torch")
_LONG = 10**6


def describe_run(study, estimators, data, digest, *, scheme, faithful):
    """Return all that identifies a run.

    Parameters
    ----------
    study : Study
        Study, or its faithful variant.
    estimators : dict of str to classifier
        Networks to train.
    data : StudyData
        Images of the study.
    digest : str
        Text that identifies the data.
    scheme : str or None
        Class scheme.
    faithful : bool
        Whether `study` is the faithful variant.

    Returns
    -------
    dict
        Plain values.
    """
    return {
        "name": study.name,
        "title": study.title or study.name,
        "reference": study.reference,
        "faithful": faithful,
        "scheme": scheme,
        "networks": {
            name: {
                "estimator": estimator.__repr__(N_CHAR_MAX=_LONG),
                "settings": list_settings(estimator),
            }
            for name, estimator in estimators.items()
        },
        "cv": _name(study.cv),
        "validation": study.validation,
        "preprocessing": _name(study.preprocessing or ""),
        "protocol": dict(study.protocol),
        "chosen": list(study.chosen),
        "scaled": {name: str(value) for name, value in study.changes.items()},
        "leaks": list(study.leaks),
        "published": [list(score) for score in study.published],
        "data": {
            "fingerprint": digest,
            "images": len(data),
            "patients": None if data.groups is None else len(set(data.groups)),
            "classes": dict(sorted(Counter(data.y.tolist()).items())),
        },
        "versions": {
            "python": platform.python_version(),
            "cxrclf": __version__,
            **{name: version(name) for name in _PACKAGES},
        },
        "processor": _name_processor(),
        "seconds": 0.0,
    }


def _name(value):
    """Return the repr of a splitter or step without an address."""
    return re.sub(" at 0x[0-9a-fA-F]+", "", str(value))


def _name_processor():
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
