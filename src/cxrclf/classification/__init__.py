"""Classifiers of chest radiographs."""

import cxrclf._torch  # noqa: F401  first; see _torch/openmp.py
from cxrclf.classification._cxr_classifier import CXRClassifier
from cxrclf.classification._dual_backbone_concat import DualBackboneConcat
from cxrclf.classification._label_map_classifier import LabelMapClassifier

__all__ = ["CXRClassifier", "DualBackboneConcat", "LabelMapClassifier"]
