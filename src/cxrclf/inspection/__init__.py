"""What a classifier looks at: saliency maps, their displays and their measures.

- :func:`saliency_maps` computes Grad-CAM, Grad-CAM++, CAM, Score-CAM, occlusion and
  LIME maps of any classifier of the library. :class:`Occlusion`, :class:`Lime` and
  :class:`ScoreCAM` have the parameters of three methods.
- :func:`lime_explanation` returns the superpixels of LIME and the quality of the fits.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.inspection._lime import Lime
from cxrclf.inspection._lime_explanation import LimeExplanation, lime_explanation
from cxrclf.inspection._occlusion import Occlusion
from cxrclf.inspection._saliency_maps import saliency_maps
from cxrclf.inspection._score_cam import ScoreCAM

__all__ = [
    "Lime",
    "LimeExplanation",
    "Occlusion",
    "ScoreCAM",
    "lime_explanation",
    "saliency_maps",
]
