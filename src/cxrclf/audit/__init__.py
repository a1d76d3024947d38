"""What a score rests on: copies, leakage, shortcuts and external images.

- :func:`find_duplicates` finds copies of images, also of changed images.
- :func:`leakage_report` finds test images that depend on training images, and labels
  that contradict each other.
- :class:`StratifiedPatientKFold` makes folds without this leakage. :func:`link_groups`
  makes groups for other splitters.
- :func:`shortcut_report` scores classifiers that cannot see a disease on the same folds
  as a classifier.
- :func:`external_validation` validates a classifier on images of another source.
- :func:`write_page` writes several reports as one page for a browser.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.audit._duplicate_report import DuplicateReport
from cxrclf.audit._external_validation import external_validation
from cxrclf.audit._external_validation_report import ExternalValidationReport
from cxrclf.audit._find_duplicates import find_duplicates
from cxrclf.audit._finding import Finding
from cxrclf.audit._leakage_report import LeakageReport, leakage_report
from cxrclf.audit._link_groups import link_groups
from cxrclf.audit._page import write_page
from cxrclf.audit._report import Report
from cxrclf.audit._report_table import ReportTable
from cxrclf.audit._shortcut_report import shortcut_report
from cxrclf.audit._shortcuts import ShortcutReport
from cxrclf.audit._stratified_patient_k_fold import StratifiedPatientKFold

__all__ = [
    "DuplicateReport",
    "ExternalValidationReport",
    "Finding",
    "LeakageReport",
    "Report",
    "ReportTable",
    "ShortcutReport",
    "StratifiedPatientKFold",
    "external_validation",
    "find_duplicates",
    "leakage_report",
    "link_groups",
    "shortcut_report",
    "write_page",
]
