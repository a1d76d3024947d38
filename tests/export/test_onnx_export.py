"""The report of an export."""

from dataclasses import replace
from pathlib import Path

from cxrclf.export import OnnxExport


def test_text():
    result = OnnxExport(Path("m.onnx"), 13.512, 1.2e-7)
    assert str(result) == "m.onnx: 13.5 MB, probabilities differ by at most 1e-07"
    result = OnnxExport(Path("m.onnx"), 3.81, 1.2e-7, 13.512, 0.985, 0.0421)
    assert str(result).splitlines()[1] == (
        "8-bit integers instead of 13.5 MB: 98.5 % of the predictions are the same, "
        "probabilities differ by at most 0.04"
    )
    result = replace(result, float_score=0.976, score=0.9668)
    assert str(result).splitlines()[2] == (
        "score of the test images: 0.967 instead of 0.976"
    )
