"""Warnings about patients in several folds, where a report is about them."""

import warnings
from contextlib import contextmanager

from cxrclf.exceptions import PatientLeakWarning


@contextmanager
def ignore_patient_leaks():
    """Ignore the warning that patients are in training and test samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PatientLeakWarning)
        yield
