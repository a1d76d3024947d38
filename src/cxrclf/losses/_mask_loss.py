"""Losses of segmentation, with a weight per sample."""

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    one_hot,
    softmax,
)

# Added to numerator and denominator of the soft Dice, in pixels. The Dice is then 1 if
# an image has no object and none is predicted. A lung has thousands of pixels, so the
# effect on other images is small.
_SMOOTH = 1.0
_FOCUS = 2.0  # gamma in the paper of the focal loss


def _cross_entropy(logits, codes):
    """Return the cross-entropy of each image, averaged over its pixels."""
    return _pixel_cross_entropy(logits, codes).mean((1, 2))


def _cross_entropy_and_dice(logits, codes):
    """Return the sum of both losses of each image."""
    return _cross_entropy(logits, codes) + 1 - _soft_dice(logits, codes)


def _dice(logits, codes):
    """Return 1 minus the soft Dice coefficient of each image."""
    return 1 - _soft_dice(logits, codes)


def _focal(logits, codes):
    """Return the focal loss of each image, averaged over its pixels."""
    pixelwise = _pixel_cross_entropy(logits, codes)
    pixelwise = (1 - torch.exp(-pixelwise)) ** _FOCUS * pixelwise
    return pixelwise.mean((1, 2))


def _pixel_cross_entropy(logits, codes):
    """Return the cross-entropy per pixel, of shape (b, H, W)."""
    if logits.shape[1] == 1:
        return binary_cross_entropy_with_logits(
            logits[:, 0], codes.to(logits.dtype), reduction="none"
        )
    return cross_entropy(logits, codes, reduction="none")


def _soft_dice(logits, codes):
    """Return the soft Dice per image, averaged over the foreground classes."""
    if logits.shape[1] == 1:
        probability = torch.sigmoid(logits)
    else:
        probability = softmax(logits, 1)[:, 1:]
    true = _foreground(codes, probability.shape[1] + 1).to(probability.dtype)
    overlap = (probability * true).sum((2, 3))
    sizes = probability.sum((2, 3)) + true.sum((2, 3))
    return ((2 * overlap + _SMOOTH) / (sizes + _SMOOTH)).mean(1)


def _foreground(codes, n_classes):
    """Return indicators of the foreground classes, (b, n_classes - 1, H, W)."""
    if n_classes == 2:
        return codes[:, None]
    return one_hot(codes, n_classes).movedim(-1, 1)[:, 1:]


# Losses by name. Each is a function of (logits, codes) to one loss per image, (b,).
MASK_LOSSES = {
    "cross_entropy": _cross_entropy,
    "cross_entropy+dice": _cross_entropy_and_dice,
    "dice": _dice,
    "focal": _focal,
}


class MaskLoss(nn.Module):
    """Loss per image, multiplied by the sample weights and averaged over the batch.

    Parameters
    ----------
    kind : {"cross_entropy", "cross_entropy+dice", "dice", "focal"}
        Name of the loss.

        - ``"cross_entropy"``: cross-entropy, averaged over pixels.
        - ``"dice"``: soft Dice loss [1]_ 1 - 2 Σpt / (Σp + Σt), averaged over the
          foreground classes. p is the predicted probability and t is 1 in pixels of the
          class.
        - ``"cross_entropy+dice"``: sum of the cross-entropy and the soft Dice loss.
        - ``"focal"``: focal loss [2]_ with gamma = 2 and without alpha, averaged over
          pixels.

    Attributes
    ----------
    kinds : dict of str to callable
        The losses by name. Each is a function of (logits, codes) to one loss per image.

    References
    ----------
    .. [1] F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net", 3DV 2016, arXiv:1606.04797,
       with sums instead of sums of squares.
    .. [2] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017,
       arXiv:1708.02002.
    """

    kinds = MASK_LOSSES

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, logits, target):
        """Return the mean loss.

        Parameters
        ----------
        logits : Tensor of shape (b, 1, H, W) or (b, n_classes, H, W)
            Logits per pixel. A single output is the logit of the object against the
            background.
        target : (Tensor of shape (b, H, W) of int64, Tensor of shape (b,))
            Class numbers per pixel, and sample weights.

        Returns
        -------
        Tensor
            Scalar loss.
        """
        codes, weights = target
        losses = self.kinds[self.kind](logits, codes)
        return (losses * weights).mean()


def sum_of_dice(logits, codes):
    """Return the sum over images of the mean Dice of the foreground classes.

    Parameters
    ----------
    logits : Tensor of shape (b, 1, H, W) or (b, n_classes, H, W)
        Logits per pixel, as for :class:`MaskLoss`.
    codes : Tensor of shape (b, H, W) of int64
        Class numbers per pixel.

    Returns
    -------
    Tensor
        Scalar sum. The Dice of a class is 1 in an image where the class is neither
        present nor predicted.
    """
    predicted = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    n_classes = max(logits.shape[1], 2)
    predicted, true = (_foreground(x.long(), n_classes) for x in (predicted, codes))
    overlap = (predicted * true).sum((2, 3))
    sizes = predicted.sum((2, 3)) + true.sum((2, 3))
    dice = torch.where(sizes > 0, 2 * overlap / sizes.clamp(min=1), 1.0)
    return dice.mean(1).sum()
