"""Images reduced to the lungs, or to everything except the lungs."""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from cxrclf.exceptions import NoLungsWarning
from cxrclf.images import resize
from cxrclf.preprocessing._depth import from_unit
from cxrclf.preprocessing._dilation import dilate, to_pixels
from cxrclf.preprocessing._image_transformer import ImageTransformer
from cxrclf.preprocessing._lungs import predict_lungs, refuse_padding

_FRACTION = Interval(Real, 0, 1, closed="both")


class LungMasker(ImageTransformer):
    """Remove everything except the lungs from an image, or remove the lungs.

    Radiographs of different hospitals differ in letters, borders and the position of
    the shoulders. A classifier that sees only the lungs cannot learn these differences
    [1]_. A classifier that sees everything except the lungs shows how much they reveal
    of the class.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    segmenter : object
        Segmenter of lungs, such as :class:`~cxrclf.UNetSegmenter`. Its ``predict``
        returns an (n, h, w) array of masks. Pass a fitted segmenter as a
        ``FrozenEstimator``; otherwise scikit-learn's `clone` removes its fitted
        attributes. A segmenter that is not fitted is cloned and fitted by `fit`, which
        then needs `masks`.
    mode : {"mask", "crop", "both"}, default="mask"
        Operation on the image.

        - ``"mask"``: fill the background with `fill_value`.
        - ``"crop"``: crop the image to the box around the lungs, and resize the box to
          the size of the image.
        - ``"both"``: mask and then crop.
    keep : {"lungs", "background"}, default="lungs"
        Region that is not filled. ``"background"`` fills the lungs instead of the
        background, and needs ``mode="mask"``.
    dilation : float, default=0.0
        Radius by which the lungs are dilated first, as a fraction of the shorter side
        of the image, in [0, 1].
    margin : float, default=0.05
        Margin of the box on each side of the lungs, as a fraction of the height or
        width of the lungs, in [0, 1]. The box ends at the border of the image.
    min_area, max_area : float, default=0.05, 0.8
        Minimum and maximum area of the lungs, as a fraction of the image, in [0, 1].
        With any other area, the lungs count as not found. The image then stays
        unchanged, and a warning names the row.
    fill_value : float, default=0.0
        Brightness of the filled region, in [0, 1].
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like or None, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    segmenter_ : object
        The fitted segmenter.
    without_lungs_ : ndarray of int
        Rows of the last call of `transform` in which no lungs were found.
    boxes_ : ndarray of shape (n, 4)
        Part of each image that the last call of `transform` returned: top, bottom, left
        and right, as fractions of the height and width. (0, 1, 0, 1) is the whole
        image.

    See Also
    --------
    cxrclf.UNetSegmenter : Segment lungs with a U-Net.

    Notes
    -----
    The segmenter gets the images at `image_size`. Use the image size of the segmenter,
    so that images are not resized twice. ``mode="crop"`` stretches the box to the size
    of the image. To preserve more detail, choose a larger `image_size` than the
    classifier has.

    The shape of a mask also reveals information. For instance, an opacity may hide a
    part of a lung and make its mask smaller. A good score on masked images therefore
    does not prove that a classifier uses lung tissue.

    References
    ----------
    .. [1] A. J. DeGrave, J. D. Janizek, S.-I. Lee, "AI for radiographic COVID-19
       detection selects shortcuts over signal", Nature Machine Intelligence 3, 2021.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from cxrclf import UNetSegmenter
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.preprocessing import LungMasker
    >>> data = make_chest_radiographs(24, image_size=32, random_state=0)
    >>> unet = UNetSegmenter(
    ...     depth=2, width=8, learning_rate=5e-3, batch_size=4, max_epochs=10,
    ...     random_state=0,
    ... ).fit(data.images, data.masks)
    >>> masked = LungMasker(FrozenEstimator(unet)).fit_transform(data.images)
    >>> masked.shape, bool((masked[~unet.predict(data.images)] == 0).all())
    ((24, 32, 32), True)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "segmenter": [HasMethods(["predict"])],
        "mode": [StrOptions({"mask", "crop", "both"})],
        "keep": [StrOptions({"lungs", "background"})],
        "dilation": [_FRACTION],
        "margin": [_FRACTION],
        "min_area": [_FRACTION],
        "max_area": [_FRACTION],
        "fill_value": [_FRACTION],
    }

    def __init__(
        self,
        segmenter,
        *,
        mode="mask",
        keep="lungs",
        dilation=0.0,
        margin=0.05,
        min_area=0.05,
        max_area=0.8,
        fill_value=0.0,
        image_size=224,
        cache_dir=None,
        verbose=0,
    ):
        self.segmenter = segmenter
        self.mode = mode
        self.keep = keep
        self.dilation = dilation
        self.margin = margin
        self.min_area = min_area
        self.max_area = max_area
        self.fill_value = fill_value
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def fit(self, X, y=None, *, masks=None):
        """Fit a clone of the segmenter on masks, or use the fitted segmenter.

        Parameters
        ----------
        X : array-like
            Images in a form that :meth:`transform` accepts.
        y : None
            Ignored.
        masks : array-like, default=None
            Lung masks of the images, in a form that the segmenter accepts. A clone of
            the segmenter is fitted on them. In a pipeline, pass
            ``params={"lungmasker__masks": masks}`` to `cross_validate`; each fold then
            fits its own clone. If None, `segmenter` must be fitted.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or if X holds no images; if `masks` is None
            and the segmenter is not fitted; if there are `masks` and the segmenter is
            frozen; or if the segmenter pads files (``keep_aspect_ratio``), which this
            transformer stretches.
        """
        self._check_parameters()
        self._check_images(X)
        if masks is not None:
            if isinstance(self.segmenter, FrozenEstimator):
                raise ValueError(
                    "A segmenter in a FrozenEstimator does not learn from masks. Pass "
                    "the segmenter without the FrozenEstimator, or omit masks."
                )
            self.segmenter_ = clone(self.segmenter).fit(X, masks)
            return self
        try:
            if hasattr(self.segmenter, "fit"):
                check_is_fitted(self.segmenter)
        except NotFittedError as error:
            raise ValueError(
                f"The segmenter of {type(self).__name__} is not fitted. Put a fitted "
                "segmenter into a FrozenEstimator (sklearn.frozen), so that it stays "
                "fitted when the pipeline is cloned, or fit it here with "
                "fit(X, masks=masks)."
            ) from error
        self.segmenter_ = self.segmenter
        return self

    def _begin(self):
        check_is_fitted(self)
        self._found, self._boxes = [], []

    def _end(self):
        found = np.array(self.__dict__.pop("_found"))
        self.boxes_ = np.array(self.__dict__.pop("_boxes"))
        self.without_lungs_ = np.flatnonzero(~found)
        if len(self.without_lungs_):
            n, rows = len(self.without_lungs_), self.without_lungs_[:5].tolist()
            more = ", ..." if n > len(rows) else ""
            warnings.warn(
                f"No lungs were found in {n} of {len(found)} images, which stay "
                f"unchanged: rows {', '.join(map(str, rows))}{more} of X. Check the "
                "predictions of the segmenter for them. Lungs count as found if they "
                f"cover {self.min_area:.0%} (min_area) to {self.max_area:.0%} "
                "(max_area) of the image.",
                NoLungsWarning,
                stacklevel=4,
            )

    def _check_parameters(self):
        super()._check_parameters()
        if self.keep == "background" and self.mode != "mask":
            raise ValueError(
                f'keep="background" needs mode="mask", got mode={self.mode!r}. The box '
                "around the lungs has little background."
            )

    def _check_images(self, X):
        images = super()._check_images(X)
        refuse_padding(self.segmenter, images, type(self).__name__)
        return images

    def _transform_images(self, images):
        result = images.copy()
        fill = from_unit(np.float64(self.fill_value), images.dtype)
        radius = to_pixels(self.dilation, images.shape)
        for image, lungs in zip(
            result, predict_lungs(self.segmenter_, images), strict=True
        ):
            plausible = self.min_area <= lungs.mean() <= self.max_area
            self._found.append(plausible and lungs.any())
            self._boxes.append((0.0, 1.0, 0.0, 1.0))
            if not self._found[-1]:
                continue
            lungs = dilate(lungs, radius)
            if self.mode != "crop":
                image[lungs == (self.keep == "background")] = fill
            if self.mode != "mask":
                box = self._lung_box(lungs)
                self._boxes[-1] = tuple(
                    edge / side
                    for part, side in zip(box, lungs.shape, strict=True)
                    for edge in (part.start, part.stop)
                )
                image[...] = resize(np.ascontiguousarray(image[box]), image.shape)
        return result

    def _lung_box(self, lungs):
        """Return the slices of the box around the lungs, with the margin."""
        slices = []
        for axis, side in enumerate(lungs.shape):
            inside = np.flatnonzero(lungs.any(axis=1 - axis))
            first, last = inside[0], inside[-1] + 1
            margin = round(self.margin * (last - first))
            slices.append(slice(max(0, first - margin), min(side, last + margin)))
        return tuple(slices)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "segmenter_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags
