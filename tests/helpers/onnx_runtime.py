"""A mark of tests that need ONNX Runtime and a version of torch that exports to it."""

import pytest

from cxrclf._onnx.versions import is_available

needs_onnx_runtime = pytest.mark.skipif(
    not is_available(), reason="needs cxrclf[fast] and torch 2.9 or later"
)
