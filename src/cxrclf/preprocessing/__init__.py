"""Image transformers for the steps before an estimator in a pipeline.

They accept X in the same forms as the estimators: image files or arrays of gray
images. They return an array of images with the same size and type of pixels.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.preprocessing._artifact_mask import ArtifactMask
from cxrclf.preprocessing._clahe import CLAHE
from cxrclf.preprocessing._intensity_normalizer import IntensityNormalizer
from cxrclf.preprocessing._lung_masker import LungMasker
from cxrclf.preprocessing._mask_dilation import MaskDilation
from cxrclf.preprocessing._text_inpainter import TextInpainter
from cxrclf.preprocessing._total_variation_denoiser import TotalVariationDenoiser

__all__ = [
    "CLAHE",
    "ArtifactMask",
    "IntensityNormalizer",
    "LungMasker",
    "MaskDilation",
    "TextInpainter",
    "TotalVariationDenoiser",
]
