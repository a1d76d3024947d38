"""Classifiers of chest radiographs."""

from cxrclf.classification._cxr_classifier import CXRClassifier

__all__ = ["CXRClassifier"]
