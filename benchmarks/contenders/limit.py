"""The limit of a task: the bare forward pass in the fastest engine of this machine.

There is no decoding, no view and no training of a head. The network of the classifier
is the plain network of timm, on three channels. So a change in the modules or engines
of cxrclf does not change the limit.
"""

import timm
import torch
from torch import nn

from contenders._fastest_forward import fastest_forward
from contenders._unet_parts import make_unet
from cxrclf.nets import make_backbone
from harness.settings import FEW_VIEWS, labeled_files


def frozen_study(settings):
    """Return the seconds of all forward passes that the study needs.

    All folds share the views of an image, and each view is computed once. So is each
    left-out image, which has no random transformation.
    """
    n_images = len(labeled_files(settings.data)[0])
    limit = _classifier_limit(settings)
    n_views = {
        "seconds": settings.epochs,
        "seconds_8_views": min(FEW_VIEWS, settings.epochs),
    }
    seconds = {
        name: n_images * (views + 1) / limit["forward_per_second"]
        for name, views in n_views.items()
    }
    return seconds | limit


def predict(settings):
    """Return the images per second without decoding."""
    return _classifier_limit(settings)


def segment(settings):
    """Return the predicted masks per second without decoding."""
    shape = 1, settings.unet_size, settings.unet_size
    return fastest_forward(make_unet(settings), shape, n_rounds=settings.passes)


def _classifier_limit(settings):
    shape = 3, settings.image_size, settings.image_size
    return fastest_forward(PlainNetwork(settings), shape, n_rounds=settings.passes)


class PlainNetwork(nn.Module):
    """Networks as timm makes them, with the weights of cxrclf, up to pooled features.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings):
        super().__init__()
        self.models = nn.ModuleList(
            _plain_model(name, settings.weights)
            for name in settings.backbone.split(" + ")
        )

    def forward(self, images):
        """Compute the pooled features, (b, n_features), of (b, 3, H, W) images."""
        return torch.cat([model(images) for model in self.models], 1)


def _plain_model(name, weights):
    backbone = make_backbone(name, weights=weights)
    model = timm.create_model(backbone.name, pretrained=False, num_classes=0)
    # timm has more weights, where cxrclf drops the layers after the feature map.
    keys = model.load_state_dict(backbone.model.state_dict(), strict=False)
    if keys.unexpected_keys:
        raise RuntimeError(f"{name} of timm has no {keys.unexpected_keys}")
    return model
