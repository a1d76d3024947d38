"""What a score rests on: copies, leakage, shortcuts and external images."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.audit._duplicate_report import DuplicateReport
from cxrclf.audit._find_duplicates import find_duplicates
from cxrclf.audit._finding import Finding
from cxrclf.audit._report import Report
from cxrclf.audit._report_table import ReportTable
from cxrclf.audit._shortcut_report import shortcut_report
from cxrclf.audit._shortcuts import ShortcutReport

__all__ = [
    "DuplicateReport",
    "Finding",
    "Report",
    "ReportTable",
    "ShortcutReport",
    "find_duplicates",
    "shortcut_report",
]
