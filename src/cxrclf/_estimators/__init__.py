"""The base of the estimators: parameters, X, fitting, prediction, saving."""

import cxrclf._torch  # noqa: F401  first; see _torch/openmp.py
