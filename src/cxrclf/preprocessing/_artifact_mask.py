"""Masks of burnt-in text, markers and symbols."""

from numbers import Real

import numpy as np
from scipy import ndimage
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from cxrclf.preprocessing._dilation import dilate, to_pixels
from cxrclf.preprocessing._image_transformer import ImageTransformer
from cxrclf.preprocessing._lungs import predict_lungs, refuse_padding

_FRACTION = Interval(Real, 0, 1, closed="both")
_POSITIVE_FRACTION = Interval(Real, 0, 1, closed="right")

_OUTLINE = 0.002  # width of a letter's outline, as a fraction of the shorter side
_TOUCHING = np.ones((3, 3), dtype=bool)  # pixels also touch at their corners


class ArtifactMask(ImageTransformer):
    """Find burnt-in text, markers and symbols.

    A pixel is a candidate if it is bright [1]_ and belongs to a stroke. A stroke is
    thin and brighter than its surroundings. Candidates that touch each other form a
    symbol. A symbol becomes part of the mask if its outline is sharp, if it is small,
    and if it does not touch the lungs. These conditions exclude ribs, clavicles and
    bright regions. They also exclude leads, wires and pacemakers over the lungs.
    Nothing is learned from the data.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    threshold : float, default=0.5
        Minimum brightness of text, as a fraction of the range of pixels, in [0, 1].
    contrast : float or None, default=0.2
        Minimum difference in brightness between a stroke and its surroundings, as a
        fraction of the range of pixels, in [0, 1]. If None, all bright pixels are
        candidates.
    stroke_width : float, default=0.04
        Maximum width of a stroke, as a fraction of the shorter side of the image, in
        (0, 1]. Ignored if `contrast` is None.
    sharpness : float or None, default=0.2
        Minimum sharpness of the outline of a symbol, as a fraction of the range of
        pixels, in [0, 1]. The sharpness is the difference between the brightest and the
        darkest pixel in a small neighborhood, averaged over the outline. The radius of
        the neighborhood is 0.2 % of the shorter side, and at least one pixel. If None,
        blurred symbols are included.
    max_size : float or None, default=0.2
        Maximum height and width of a symbol, as a fraction of the height and width of
        the image, in (0, 1]. A word is one symbol only if its letters touch. If None,
        symbols of any size are included.
    central_field : float or None, default=0.8
        Size of the ellipse in the middle of the image that stands for the lungs, as a
        fraction of the height and width of the image, in (0, 1]. Symbols that touch the
        ellipse are excluded. If None, symbols at any place are included. Ignored if
        there is a `segmenter`.
    segmenter : object with a method ``predict``, default=None
        Fitted segmenter of lungs, which replaces `central_field`. Its ``predict`` takes
        an (n, H, W) array of images and returns n masks of any size, which are not 0 in
        the lungs. Pass it as a ``FrozenEstimator`` if this transformer is cloned, as in
        a cross-validation.
    lung_margin : float, default=0.01
        Minimum distance of a symbol from the lungs of the `segmenter`, as a fraction of
        the shorter side, in [0, 1].
    growth : float, default=0.01
        Radius by which symbols are dilated to cover their soft edges, as a fraction of
        the shorter side, in [0, 1]. It is at least one pixel, unless it is 0.
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    TextInpainter : Fill the found pixels from their surroundings.

    Notes
    -----
    - With all conditions disabled, ``ArtifactMask(min_th, contrast=None,
      sharpness=None, max_size=None, central_field=None, growth=0)`` is the threshold of
      [1]_, eq. 4. It does not distinguish a letter from a shoulder.
    - Strokes are found by the white top-hat with a square. Dark text is not found.
    - The central field is an average for frontal radiographs. It covers 85 % of the
      drawn lungs of 109 patients with COVID-19. In these lungs, 0.02 to 0.03 % of the
      pixels were mistaken for text with the field, and 0.1 to 0.3 % without it (at 224,
      331 and 512 pixels per side). Pass a `segmenter` if the lungs fill the image or if
      text lies between them.
    - Small print is not found if resizing has blurred it to gray. Process larger images
      and resize them afterwards.

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
            Image files as an (n, 1) or (n,) array, a list, or a data frame with the
            column ``path``; or gray images as an (n, H, W) array of uint8, uint16 or
            floats in [0, 1]. Files are read at `image_size`. Arrays keep their size.

        Returns
        -------
        ndarray of shape (n, H, W) of bool
            True in the pixels of artifacts.

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them.
        ValueError
            If a parameter is out of range, if X holds no images, or if the segmenter
            does not return one mask per image.
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
        for i, forbidden in enumerate(self._forbidden_masks(images)):
            masks[i] = self._mask(images[i], forbidden)
        return masks

    def _forbidden_masks(self, images):
        """Return one mask per image of the pixels that artifacts must not touch.

        A mask is None if artifacts may lie at any place.
        """
        if self.segmenter is not None:
            margin = to_pixels(self.lung_margin, images.shape)
            lungs = predict_lungs(self.segmenter, images)
            return (dilate(mask, margin) for mask in lungs)
        field = None
        if self.central_field is not None:
            y, x = (np.linspace(-1, 1, side) for side in images.shape[1:])
            field = y[:, None] ** 2 + x**2 <= self.central_field**2
        return [field] * len(images)

    def _mask(self, image, forbidden):
        """Return the mask of the artifacts in one image."""
        top = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
        image = image.astype(np.float32) / np.float32(top)
        bright = image >= self.threshold
        if self.contrast is not None:
            # White top-hat: the opening removes all bright structures that are narrower
            # than this square, so its difference from the image has only the strokes.
            side = 2 * max(1, to_pixels(self.stroke_width / 2, image.shape)) + 1
            top_hat = image - ndimage.grey_opening(image, size=(side, side))
            bright &= top_hat >= self.contrast
        symbols, n_symbols = ndimage.label(bright, _TOUCHING)
        if n_symbols == 0:
            return bright
        included = np.ones(n_symbols + 1, dtype=bool)  # by label; 0 is the background
        included[0] = False
        if self.sharpness is not None:
            included[1:] &= _sharpness(image, symbols, n_symbols) >= self.sharpness
        if self.max_size is not None:
            included[1:] &= _relative_sizes(symbols) <= self.max_size
        if forbidden is not None:
            included[symbols[forbidden]] = False
        growth = to_pixels(self.growth, image.shape)
        return dilate(included[symbols], max(1, growth) if self.growth else 0)


def _sharpness(image, symbols, n_symbols):
    """Return the local range of pixels, averaged over the outline of each symbol."""
    side = 2 * max(1, to_pixels(_OUTLINE, image.shape)) + 1
    ranges = ndimage.maximum_filter(image, side) - ndimage.minimum_filter(image, side)
    inner = ndimage.binary_erosion(symbols != 0, _TOUCHING)
    outlines = np.where(inner, 0, symbols)
    return ndimage.mean(ranges, outlines, np.arange(1, n_symbols + 1))


def _relative_sizes(symbols):
    """Return the larger of height and width of each symbol, relative to the image."""
    return np.array(
        [
            max(
                (extent.stop - extent.start) / side
                for extent, side in zip(box, symbols.shape, strict=True)
            )
            for box in ndimage.find_objects(symbols)
        ]
    )
