"""Studies of several networks over folds, and the studies of five papers.

- :class:`Study` describes networks, folds and settings, and runs them.
- :func:`load_study` returns the study of a paper, and :func:`list_studies` their names.
- :class:`StudyResults` has predictions, tables and histories, and writes a report.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.studies._fit_lung_segmenter import fit_lung_segmenter
from cxrclf.studies._fit_result import Examples, FitResult
from cxrclf.studies._load_study import list_studies, load_study
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._study import Study
from cxrclf.studies._study_data import StudyData
from cxrclf.studies._study_results import StudyResults

__all__ = [
    "Examples",
    "FitResult",
    "PublishedScore",
    "Study",
    "StudyData",
    "StudyResults",
    "fit_lung_segmenter",
    "list_studies",
    "load_study",
]
