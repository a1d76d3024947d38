"""Fitted estimators as files for other programs.

- :func:`to_onnx` writes a fitted classifier or segmenter as an ONNX model, which
  predicts without torch, on computers and phones. It returns an :class:`OnnxExport`.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.export._onnx_export import OnnxExport
from cxrclf.export._to_onnx import to_onnx

__all__ = ["OnnxExport", "to_onnx"]
