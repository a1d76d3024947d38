"""What a score rests on: copies, leakage, shortcuts and external images."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.audit._finding import Finding
from cxrclf.audit._report import Report
from cxrclf.audit._report_table import ReportTable

__all__ = ["Finding", "Report", "ReportTable"]
