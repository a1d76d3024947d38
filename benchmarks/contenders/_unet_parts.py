"""U-Net, loss and data set of the contenders that use torch."""

import torch
from PIL import Image
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import Dataset
from torchvision.transforms.v2.functional import horizontal_flip, pil_to_tensor

from cxrclf.nets import FeatureEncoder, UNet, UNetDecoder, make_backbone
from harness.settings import UNET_WIDTH


def make_unet(settings):
    """Return the module that cxrclf trains. Its input is gray pixels in [0, 1]."""
    side = settings.unet_size
    backbone = make_backbone(
        settings.backbone, weights=settings.weights, image_size=(side, side)
    )
    encoder = FeatureEncoder(backbone)
    decoder = UNetDecoder(encoder.channels, encoder.reductions, 1, width=UNET_WIDTH)
    return UNet(encoder, decoder)


class CrossEntropyAndDice(nn.Module):
    """Cross-entropy of the pixels plus 1 minus the soft Dice of each image."""

    def forward(self, logits, masks):
        """Return the mean loss for logits and masks of shape (b, 1, H, W)."""
        found = logits.sigmoid()
        both = (found * masks).sum((1, 2, 3))
        sizes = found.sum((1, 2, 3)) + masks.sum((1, 2, 3))
        dice = (2 * both + 1) / (sizes + 1)
        return binary_cross_entropy_with_logits(logits, masks) + 1 - dice.mean()


class Pairs(Dataset):
    """Image files and, for training, their masks, read on access.

    Images with masks are flipped at random, together with their masks.
    """

    def __init__(self, settings, files, masks=None):
        self.side = settings.unet_size
        self.files = files
        self.masks = masks

    def __len__(self):
        return len(self.files)

    def __getitem__(self, row):
        image = self._read(self.files[row], Image.Resampling.BILINEAR) / 255
        if self.masks is None:
            return image, 0
        mask = self._read(self.masks[row], Image.Resampling.NEAREST) > 127
        if torch.rand(()) < 0.5:
            image, mask = horizontal_flip(image), horizontal_flip(mask)
        return image, mask.float()

    def _read(self, file, resampling):
        with Image.open(file) as image:
            gray = image.convert("L").resize((self.side, self.side), resampling)
        return pil_to_tensor(gray)
