"""Private helpers for ONNX graphs and ONNX Runtime."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
