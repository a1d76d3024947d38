"""The lung segmenter of the study vgg19_unet."""

import numpy as np

from cxrclf._utils.image_size import check_image_size
from cxrclf.images import ImageInput
from cxrclf.masks import MaskInput
from cxrclf.preprocessing import MaskDilation
from cxrclf.segmentation import UNetSegmenter


def fit_lung_segmenter(X, masks, *, groups=None, dilation=0.02, **parameters):
    """Train the lung segmenter of the study vgg19_unet on dilated masks.

    The segmenter is the classic U-Net at 512 px, ``UNetSegmenter.preset("vgg19_unet")``
    [1]_. Pass it to :meth:`Study.run` for the networks that see only lungs.

    Parameters
    ----------
    X : array-like
        Image files as an (n, 1) or (n,) array, a list, or a data frame with a column
        ``path``; or pixels as an (n, H, W) array.
    masks : array-like
        Lung masks: one file per image, several files per image, whose union is the
        mask, or an (n, H, W) array.
    groups : array-like of shape (n,), default=None
        Patient ids, for `validation_fraction`.
    dilation : float, default=0.02
        Radius by which the masks are dilated, as a fraction of the shorter side, in
        [0, 1]. The paper does not state the radius.
    **parameters
        Parameters of :class:`~cxrclf.UNetSegmenter`, which replace those of the paper.

    Returns
    -------
    UNetSegmenter
        Fitted segmenter.

    Raises
    ------
    ImageReadError
        If files cannot be read. The error names all of them.
    ValueError
        If a parameter is invalid, or if images and masks do not fit together.

    See Also
    --------
    load_study : Load the study.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for
       biomedical image segmentation", MICCAI 2015, arXiv:1505.04597.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.studies import fit_lung_segmenter
    >>> data = make_chest_radiographs(12, image_size=32, random_state=0)
    >>> segmenter = fit_lung_segmenter(
    ...     data.images, data.masks, image_size=32, depth=2, width=4, max_epochs=2,
    ...     random_state=0)
    >>> segmenter.predict(data.images[:3]).shape
    (3, 32, 32)
    """
    segmenter = UNetSegmenter.preset("vgg19_unet", **parameters)
    images, masks = ImageInput.from_X(X), MaskInput.from_y(masks)
    size = check_image_size(segmenter.image_size)
    if images.paths is None:
        # Masks in arrays keep their size, so that `fit` refuses another size.
        size = images.sample_shape[:2] if masks.values is None else None
    opened = masks.open(size, verbose=segmenter.verbose)
    lungs = opened.gather(np.arange(len(opened))).astype(bool)
    dilated = MaskDilation(radius=dilation).fit_transform(lungs)
    return segmenter.fit(X, dilated, groups=groups)
