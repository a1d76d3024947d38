"""OnnxExport: what `to_onnx` wrote, and how it compares with the estimator."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OnnxExport:
    """An exported model: its file, its size, and its differences to the estimator.

    :func:`to_onnx` returns it.

    Parameters
    ----------
    path : pathlib.Path
        File of the model.
    megabytes : float
        Size of the file in units of 1,000,000 bytes.
    difference : float
        Largest difference to the probabilities of the estimator in float32, over
        synthetic radiographs. Without quantization it is rounding only.
    float_megabytes : float or None, default=None
        Size without quantization. None without quantization.
    agreement : float or None, default=None
        Share of the calibration images (of their pixels, for a segmenter) with the same
        prediction as without quantization, in [0, 1]. None without quantization.
    calibration_difference : float or None, default=None
        Largest difference of a probability to the model without quantization, over the
        calibration images. None without quantization.
    float_score, score : float or None, default=None
        Score of the test images before and after quantization: accuracy, or the mean
        Dice coefficient of a segmenter. None without test images.
    """

    path: Path
    megabytes: float
    difference: float
    float_megabytes: float | None = None
    agreement: float | None = None
    calibration_difference: float | None = None
    float_score: float | None = None
    score: float | None = None

    def __str__(self):
        lines = [
            f"{self.path}: {self.megabytes:.1f} MB, probabilities differ by at most "
            f"{self.difference:.0e}"
        ]
        if self.float_megabytes is not None:
            lines.append(
                f"8-bit integers instead of {self.float_megabytes:.1f} MB: "
                f"{100 * self.agreement:.1f} % of the predictions are the same, "
                f"probabilities differ by at most {self.calibration_difference:.2f}"
            )
        if self.score is not None:
            lines.append(
                f"score of the test images: {self.score:.3f} instead of "
                f"{self.float_score:.3f}"
            )
        return "\n".join(lines)
