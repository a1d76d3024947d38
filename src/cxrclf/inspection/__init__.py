"""What a classifier looks at: saliency maps, their displays and their measures.

- :func:`saliency_maps` computes Grad-CAM, Grad-CAM++, CAM, Score-CAM, occlusion and
  LIME maps of any classifier of the library. :class:`Occlusion`, :class:`Lime` and
  :class:`ScoreCAM` have the parameters of three methods.
- :func:`lime_explanation` returns the superpixels of LIME and the quality of the fits.
- :class:`SaliencyDisplay`, :class:`LimeDisplay` and :class:`SaliencySeriesDisplay` draw
  maps on the images.
- :func:`saliency_in_mask`, :func:`insertion_deletion`, :func:`map_agreement` and
  :func:`randomization_check` measure maps, with intervals over patients.
  :func:`baseline_maps` and :func:`randomize_weights` make maps and classifiers to
  compare with.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.inspection._baseline_maps import baseline_maps
from cxrclf.inspection._insertion_deletion import insertion_deletion
from cxrclf.inspection._lime import Lime
from cxrclf.inspection._lime_display import LimeDisplay
from cxrclf.inspection._lime_explanation import LimeExplanation, lime_explanation
from cxrclf.inspection._map_agreement import map_agreement
from cxrclf.inspection._occlusion import Occlusion
from cxrclf.inspection._randomization_check import randomization_check
from cxrclf.inspection._randomize_weights import randomize_weights
from cxrclf.inspection._saliency_display import SaliencyDisplay
from cxrclf.inspection._saliency_in_mask import saliency_in_mask
from cxrclf.inspection._saliency_maps import saliency_maps
from cxrclf.inspection._saliency_scores import SaliencyScores
from cxrclf.inspection._saliency_series_display import SaliencySeriesDisplay
from cxrclf.inspection._score_cam import ScoreCAM

__all__ = [
    "Lime",
    "LimeDisplay",
    "LimeExplanation",
    "Occlusion",
    "SaliencyDisplay",
    "SaliencyScores",
    "SaliencySeriesDisplay",
    "ScoreCAM",
    "baseline_maps",
    "insertion_deletion",
    "lime_explanation",
    "map_agreement",
    "randomization_check",
    "randomize_weights",
    "saliency_in_mask",
    "saliency_maps",
]
