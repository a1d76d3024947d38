"""scikit-learn-compatible estimators for chest X-ray classification."""

import importlib

__version__ = "0.1.0.dev0"

# Public names and their subpackages. They are imported on first use, so that
# `import cxrclf` stays light: torch is loaded only when an estimator is asked for.
_PUBLIC = {
    "Augmentation": "cxrclf.augmentation",
    "CXRClassifier": "cxrclf.classification",
    "DualBackboneConcat": "cxrclf.classification",
    "LabelMapClassifier": "cxrclf.classification",
    "Optimizer": "cxrclf.optimizers",
    "UNetSegmenter": "cxrclf.segmentation",
}
_SUBPACKAGES = (
    "audit",
    "augmentation",
    "classification",
    "datasets",
    "exceptions",
    "export",
    "generation",
    "images",
    "inspection",
    "losses",
    "masks",
    "metrics",
    "nets",
    "optimizers",
    "preprocessing",
    "sampling",
    "segmentation",
    "studies",
)

__all__ = [
    "Augmentation",
    "CXRClassifier",
    "DualBackboneConcat",
    "LabelMapClassifier",
    "Optimizer",
    "UNetSegmenter",
    "__version__",
    *_SUBPACKAGES,
]


def __getattr__(name):
    if name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"cxrclf.{name}")
    else:
        raise AttributeError(f"module 'cxrclf' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
