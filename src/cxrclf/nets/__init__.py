"""Neural networks as torch modules.

- A backbone computes a feature map from images. ``make_backbone`` makes one by its
  name in timm.
- A head computes outputs from the feature map.
- A classification network joins a backbone and a head. It takes pixels in [0, 1] and
  freezes the part that is not trained.
- A U-Net joins an encoder and a decoder, and computes outputs for each pixel.
- A generator translates images, and a discriminator tells generated images from real
  ones.
"""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
from cxrclf.nets._backbone import Backbone
from cxrclf.nets._classification_network import ClassificationNetwork
from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._encoder import FeatureEncoder, PlainEncoder
from cxrclf.nets._factory import default_image_size, make_backbone
from cxrclf.nets._head import Head
from cxrclf.nets._network import Network
from cxrclf.nets._patch_discriminator import PatchDiscriminator
from cxrclf.nets._residual_baseline import ResidualBaseline
from cxrclf.nets._resnet_generator import ResnetGenerator
from cxrclf.nets._switchable_norm import SwitchableNorm2d
from cxrclf.nets._unet import UNet, UNetDecoder

__all__ = [
    "Backbone",
    "ClassificationNetwork",
    "ConcatBackbone",
    "FeatureEncoder",
    "Head",
    "Network",
    "PatchDiscriminator",
    "PlainEncoder",
    "ResidualBaseline",
    "ResnetGenerator",
    "SwitchableNorm2d",
    "UNet",
    "UNetDecoder",
    "default_image_size",
    "make_backbone",
]
