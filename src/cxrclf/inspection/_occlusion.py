"""Occlusion: the fall of a probability while a window of the image is hidden."""

from numbers import Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._torch.device import upload
from cxrclf.inspection._perturbed import FILLS, fill_image, hide, windows


class Occlusion(BaseEstimator):
    """Occlusion maps [1]_, as a `method` of `saliency_maps`.

    A window moves over the image. Each position hides the pixels in it. The value of a
    pixel is the mean fall of the probability of the class over all windows that hide
    the pixel. It is negative where a window raises the probability.

    Parameters
    ----------
    window : float, default=0.15
        Side of the square window, as a fraction of the shorter side of the image, in
        (0, 1].
    stride : float, default=0.075
        Distance between neighboring windows, as a fraction of the shorter side of the
        image, in (0, `window`].
    fill : {"mean", "blur"} or float, default="mean"
        Pixels that replace hidden ones: the mean of the image, the blurred image, or
        a constant brightness in [0, 1].

    References
    ----------
    .. [1] M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional
       networks", ECCV 2014.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import Occlusion, saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> method = Occlusion(window=0.25, stride=0.25, fill="blur")
    >>> saliency_maps(clf, data.images[:2], method=method).shape
    (2, 64, 64)
    """

    _parameter_constraints = {
        "window": [Interval(Real, 0, 1, closed="right")],
        "stride": [Interval(Real, 0, 1, closed="right")],
        "fill": [StrOptions(set(FILLS)), Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, *, window=0.15, stride=0.075, fill="mean"):
        self.window = window
        self.stride = stride
        self.fill = fill

    def _check(self):
        """Check the parameters."""
        self._validate_params()
        if self.stride > self.window:
            raise ValueError(
                f"stride={self.stride} exceeds window={self.window}, so that no window "
                "would hide some pixels. Use a stride of at most the window."
            )

    def _explain(self, model, image):
        """Return the maps of all classes of an image, (n_classes, H, W)."""
        size = tuple(image.shape[1:])
        boxes = windows(size, self.window, self.stride)
        filled = fill_image(image, self.fill)

        def make_batch(rows):
            visible = torch.ones(len(rows), *size, dtype=torch.bool)
            for mask, row in zip(visible, rows, strict=True):
                if row:  # row 0 is the whole image
                    top, bottom, left, right = boxes[row - 1]
                    mask[top:bottom, left:right] = False
            return hide(image, filled, upload(visible, image.device))

        found = model.probabilities(make_batch, 1 + len(boxes))
        falls = found[0] - found[1:]
        total, count = np.zeros((falls.shape[1], *size)), np.zeros(size)
        for (top, bottom, left, right), fall in zip(boxes, falls, strict=True):
            total[:, top:bottom, left:right] += fall[:, None, None]
            count[top:bottom, left:right] += 1
        return total / count
