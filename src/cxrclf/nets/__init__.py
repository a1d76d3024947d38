"""torch modules and nothing else.

A backbone turns images into a feature map and is made by name over timm, a head turns
the map into outputs, and an image classifier puts the two together, knows which part
of them is trained, and takes pixels in [0, 1].
"""

from cxrclf.nets._backbone import Backbone
from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._factory import default_image_size, make_backbone
from cxrclf.nets._head import Head
from cxrclf.nets._image_classifier import ImageClassifier

__all__ = [
    "Backbone",
    "ConcatBackbone",
    "Head",
    "ImageClassifier",
    "default_image_size",
    "make_backbone",
]
