"""torch modules and nothing else.

A backbone turns images into a feature map and is made by name over timm, a head turns
the map into outputs, and an image classifier puts the two together, knows which part
of them is trained, and takes pixels in [0, 1]. A U-Net does the same with an encoder
and a decoder, and gives outputs for each pixel.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.nets._backbone import Backbone
from cxrclf.nets._classification_network import ClassificationNetwork
from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._encoder import FeatureEncoder, PlainEncoder
from cxrclf.nets._factory import default_image_size, make_backbone
from cxrclf.nets._head import Head
from cxrclf.nets._network import Network
from cxrclf.nets._residual_baseline import ResidualBaseline
from cxrclf.nets._switchable_norm import SwitchableNorm2d
from cxrclf.nets._unet import UNet, UNetDecoder

__all__ = [
    "Backbone",
    "ClassificationNetwork",
    "ConcatBackbone",
    "FeatureEncoder",
    "Head",
    "Network",
    "PlainEncoder",
    "ResidualBaseline",
    "SwitchableNorm2d",
    "UNet",
    "UNetDecoder",
    "default_image_size",
    "make_backbone",
]
