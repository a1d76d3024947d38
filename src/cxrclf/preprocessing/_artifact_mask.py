"""Which pixels are burnt-in text, markers and symbols."""

from numbers import Real

import numpy as np
from scipy import ndimage
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from cxrclf.preprocessing._dilation import dilate, to_pixels
from cxrclf.preprocessing._image_transformer import ImageTransformer
from cxrclf.preprocessing._lungs import predicted_lungs, refuse_padding

_FRACTION = Interval(Real, 0, 1, closed="both")
_POSITIVE_FRACTION = Interval(Real, 0, 1, closed="right")

_OUTLINE = 0.002  # width of a letter's outline, as a fraction of the shorter side
_TOUCHING = np.ones((3, 3), dtype=bool)  # also corner to corner


class ArtifactMask(ImageTransformer):
    """Find burnt-in text, markers and symbols.

    A pixel is a candidate when it is bright [1]_ and belongs to a stroke: something
    thin that stands out from its surroundings. Candidates that touch make up a
    symbol, which counts when its outline is sharp, when it is small, and when it lies
    away from the lungs; so ribs, clavicles and bright regions stay out, and with them
    the leads, wires and pacemakers that lie over the lungs. Nothing is learnt from the
    data.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    threshold : float, default=0.5
        Least brightness of text, as a fraction of the pixels' range, in [0, 1].
    contrast : float or None, default=0.2
        How much brighter a stroke is than its surroundings at least, as a fraction of
        the pixels' range, in [0, 1]. None lets all bright pixels be candidates.
    stroke_width : float, default=0.04
        Greatest width of a stroke, as a fraction of the image's shorter side, in
        (0, 1]. No effect when `contrast` is None.
    sharpness : float or None, default=0.2
        Least difference between the brightest and the darkest pixel within 0.2 % of
        the shorter side, but one pixel at least, on average over the outline of a
        symbol; as a fraction of the pixels' range, in [0, 1]. None lets blurred
        symbols count.
    max_size : float or None, default=0.2
        Greatest height and width of a symbol, as a fraction of those of the image, in
        (0, 1]. A word is one symbol only where its letters touch. None lets symbols
        of any size count.
    central_field : float or None, default=0.8
        Size of the ellipse in the middle of the image where the lungs are taken to
        lie, as a fraction of the image's height and width, in (0, 1]: symbols that
        touch it stay out. None lets symbols anywhere count. No effect with a
        `segmenter`.
    segmenter : object with a method ``predict``, default=None
        Finds the lungs instead of `central_field`: ``predict`` takes an (n, H, W) array
        of images and returns masks of n images of any size, which are not 0 in the
        lungs. It is used as it is, so give it fitted, and as a ``FrozenEstimator``
        where this transformer is cloned, as in a cross-validation.
    lung_margin : float, default=0.01
        How near to the lungs of the `segmenter` a symbol may come, as a fraction of
        the shorter side, in [0, 1].
    growth : float, default=0.01
        How far the symbols found are grown, to cover their soft edges, as a fraction
        of the shorter side, in [0, 1]: at least one pixel unless it is 0.
    image_size : int or (int, int), default=224
        Side of a square, or height and width, in pixels, at which files are read.
        Images in arrays keep their size.
    cache_dir : path-like, default=None
        Where decoded pixels are kept for later runs. With None they are kept until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    TextInpainter : Paints over what is found.

    Notes
    -----
    - With all limits off, ``ArtifactMask(min_th, contrast=None, sharpness=None,
      max_size=None, central_field=None, growth=0)`` is the threshold of [1]_, eq. 4,
      which does not tell a letter from a shoulder.
    - Strokes are found by the white top-hat with a square; dark text is not found.
    - The field is an average for frontal radiographs: it covers 85 % of the drawn lungs
      of 109 patients with COVID-19, and with it 0.02 to 0.03 % of the pixels of these
      lungs were taken for text, at 224, 331 and 512 pixels a side; without it 0.1 to
      0.3 %. Give a `segmenter` where lungs fill the image or text lies between them.
    - Fine print that resizing has blurred to grey is not found. Paint over it in
      larger images and resize afterwards.

    References
    ----------
    .. [1] N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2689-2702, 2021.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> import numpy as np
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.preprocessing import ArtifactMask
    >>> image = make_chest_radiographs(3, random_state=0).images[0]
    >>> film = Image.fromarray(image)
    >>> ImageDraw.Draw(film).text((5, 5), "PORTABLE", fill=255)
    >>> letters = np.asarray(film) != image
    >>> mask = ArtifactMask().fit_transform(np.asarray(film)[None])[0]
    >>> mask.shape, mask.dtype, bool(mask[letters].all())
    ((224, 224), dtype('bool'), True)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "threshold": [_FRACTION],
        "contrast": [_FRACTION, None],
        "stroke_width": [_POSITIVE_FRACTION],
        "sharpness": [_FRACTION, None],
        "max_size": [_POSITIVE_FRACTION, None],
        "central_field": [_POSITIVE_FRACTION, None],
        "segmenter": [HasMethods("predict"), None],
        "lung_margin": [_FRACTION],
        "growth": [_FRACTION],
    }

    def __init__(
        self,
        threshold=0.5,
        *,
        contrast=0.2,
        stroke_width=0.04,
        sharpness=0.2,
        max_size=0.2,
        central_field=0.8,
        segmenter=None,
        lung_margin=0.01,
        growth=0.01,
        image_size=224,
        cache_dir=None,
        verbose=0,
    ):
        self.threshold = threshold
        self.contrast = contrast
        self.stroke_width = stroke_width
        self.sharpness = sharpness
        self.max_size = max_size
        self.central_field = central_field
        self.segmenter = segmenter
        self.lung_margin = lung_margin
        self.growth = growth
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def transform(self, X):
        """Find text, markers and symbols.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``, which are read at `image_size`; or grey images as an
            (n, H, W) array of uint8, uint16, or floats in [0, 1], which keep their
            size.

        Returns
        -------
        ndarray of shape (n, H, W) of bool
            True where a pixel is part of an artefact.

        Raises
        ------
        ImageReadError
            Naming all unreadable files.
        ValueError
            If a parameter is out of its range, or X holds no images, or the masks of
            the segmenter are not those of the images.
        NotFittedError
            If the segmenter is not fitted.
        """
        return super().transform(X)

    def _check_parameters(self):
        super()._check_parameters()
        if hasattr(self.segmenter, "fit"):
            check_is_fitted(self.segmenter)

    def _check_images(self, X):
        images = super()._check_images(X)
        refuse_padding(self.segmenter, images, type(self).__name__)
        return images

    def _transform_images(self, images):
        masks = np.empty(images.shape, dtype=bool)
        for i, forbidden in enumerate(self._forbidden(images)):
            masks[i] = self._mask(images[i], forbidden)
        return masks

    def _forbidden(self, images):
        """Return for each image the mask of where there is no text, or None."""
        if self.segmenter is not None:
            margin = to_pixels(self.lung_margin, images.shape)
            lungs = predicted_lungs(self.segmenter, images)
            return (dilate(mask, margin) for mask in lungs)
        field = None
        if self.central_field is not None:
            y, x = (np.linspace(-1, 1, side) for side in images.shape[1:])
            field = y[:, None] ** 2 + x**2 <= self.central_field**2
        return [field] * len(images)

    def _mask(self, image, forbidden):
        top = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
        image = image.astype(np.float32) / np.float32(top)
        bright = image >= self.threshold
        if self.contrast is not None:
            # The opening keeps what a square of this side fits in.
            side = 2 * max(1, to_pixels(self.stroke_width / 2, image.shape)) + 1
            strokes = image - ndimage.grey_opening(image, size=(side, side))
            bright &= strokes >= self.contrast
        symbols, n_symbols = ndimage.label(bright, _TOUCHING)
        if n_symbols == 0:
            return bright
        counts = np.ones(n_symbols + 1, dtype=bool)
        counts[0] = False
        if self.sharpness is not None:
            counts[1:] &= _sharpness(image, symbols, n_symbols) >= self.sharpness
        if self.max_size is not None:
            counts[1:] &= _sizes(symbols) <= self.max_size
        if forbidden is not None:
            counts[symbols[forbidden]] = False
        growth = to_pixels(self.growth, image.shape)
        return dilate(counts[symbols], max(1, growth) if self.growth else 0)


def _sharpness(image, symbols, n_symbols):
    """Return the mean range of the pixels next to each symbol's outline."""
    side = 2 * max(1, to_pixels(_OUTLINE, image.shape)) + 1
    ranges = ndimage.maximum_filter(image, side) - ndimage.minimum_filter(image, side)
    inner = ndimage.binary_erosion(symbols != 0, _TOUCHING)
    outlines = np.where(inner, 0, symbols)
    return ndimage.mean(ranges, outlines, np.arange(1, n_symbols + 1))


def _sizes(symbols):
    """Return for each symbol the larger of its height and width, of the image's."""
    return np.array(
        [
            max(
                (extent.stop - extent.start) / side
                for extent, side in zip(box, symbols.shape, strict=True)
            )
            for box in ndimage.find_objects(symbols)
        ]
    )
