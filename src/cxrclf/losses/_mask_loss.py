"""Losses over the pixels of masks, with a weight a sample."""

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    one_hot,
    softmax,
)

MASK_LOSSES = ("cross_entropy", "cross_entropy+dice", "dice", "focal")
# Keeps the Dice of an image without the object, and none predicted, at 1. In pixels,
# of which a lung has thousands.
_SMOOTH = 1.0
_FOCUS = 2.0  # gamma of the focal loss's paper


class MaskLoss(nn.Module):
    """Loss of an image, averaged over the batch with the samples' weights.

    Parameters
    ----------
    kind : {"cross_entropy", "cross_entropy+dice", "dice", "focal"}
        Cross-entropy, averaged over pixels; the soft Dice loss [1]_ 1 - 2 Σpt / (Σp +
        Σt), averaged over the foreground classes; their sum; or the focal loss [2]_
        with gamma = 2 and without alpha, averaged over pixels.

    References
    ----------
    .. [1] F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net", 3DV 2016, arXiv:1606.04797,
       with sums in place of sums of squares.
    .. [2] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017,
       arXiv:1708.02002.
    """

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, logits, target):
        """Return the mean loss.

        Parameters
        ----------
        logits : Tensor of shape (b, 1, H, W) or (b, n_classes, H, W)
            With one output, that of the object against the background.
        target : (Tensor of shape (b, H, W) of int64, Tensor of shape (b,))
            Class numbers and sample weights.
        """
        codes, weights = target
        losses = 0
        if self.kind != "dice":
            pixelwise = _cross_entropy(logits, codes)
            if self.kind == "focal":
                pixelwise = (1 - torch.exp(-pixelwise)) ** _FOCUS * pixelwise
            losses = losses + pixelwise.mean((1, 2))
        if "dice" in self.kind:
            losses = losses + 1 - _soft_dice(logits, codes)
        return (losses * weights).mean()


def sum_of_dice(logits, codes):
    """Return the sum over images of the mean Dice of the foreground classes.

    Parameters
    ----------
    logits : Tensor of shape (b, 1, H, W) or (b, n_classes, H, W)
    codes : Tensor of shape (b, H, W) of int64

    Returns
    -------
    Tensor
        A class that is neither there nor predicted counts as 1.
    """
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    n_classes = max(logits.shape[1], 2)
    found, there = (_foreground(x.long(), n_classes) for x in (found, codes))
    both = (found * there).sum((2, 3))
    sizes = found.sum((2, 3)) + there.sum((2, 3))
    dice = torch.where(sizes > 0, 2 * both / sizes.clamp(min=1), 1.0)
    return dice.mean(1).sum()


def _cross_entropy(logits, codes):
    if logits.shape[1] == 1:
        return binary_cross_entropy_with_logits(
            logits[:, 0], codes.to(logits.dtype), reduction="none"
        )
    return cross_entropy(logits, codes, reduction="none")


def _soft_dice(logits, codes):
    """Return the soft Dice of each image, averaged over the foreground classes."""
    if logits.shape[1] == 1:
        found = torch.sigmoid(logits)
    else:
        found = softmax(logits, 1)[:, 1:]
    there = _foreground(codes, found.shape[1] + 1).to(found.dtype)
    both = (found * there).sum((2, 3))
    sizes = found.sum((2, 3)) + there.sum((2, 3))
    return ((2 * both + _SMOOTH) / (sizes + _SMOOTH)).mean(1)


def _foreground(codes, n_classes):
    """Return (b, n_classes - 1, H, W), 1 where a pixel is of the class."""
    if n_classes == 2:
        return codes[:, None]
    return one_hot(codes, n_classes).movedim(-1, 1)[:, 1:]
