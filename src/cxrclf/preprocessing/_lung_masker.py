"""LungMasker: what a classifier may see of a radiograph."""

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
from cxrclf.preprocessing._lungs import predicted_lungs, refuse_padding

_FRACTION = Interval(Real, 0, 1, closed="both")


class LungMasker(ImageTransformer):
    """Leave of a radiograph nothing but its lungs, or everything but them.

    A classifier that is given the lungs alone cannot learn the letters, borders and
    shoulders by which one hospital's films differ from another's [1]_; given
    everything else, it shows how much these tell.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    segmenter : object
        A segmenter of lungs, with ``predict`` giving an (n, h, w) array of masks, as
        :class:`~cxrclf.UNetSegmenter`. One that is fitted already goes into a
        ``FrozenEstimator``, or scikit-learn's `clone` would forget what it learnt. One
        that is not is cloned and fitted by `fit`, given `masks`.
    mode : {"mask", "crop", "both"}, default="mask"
        Fill what is not lung with `fill_value`; cut the box around the lungs out and
        bring it back to the image's size; or the one and then the other.
    keep : {"lungs", "background"}, default="lungs"
        What stays of the image with ``mode="mask"``.
    dilation : float, default=0.0
        By how much lungs are grown first, as a fraction of the image's shorter side,
        in [0, 1].
    margin : float, default=0.05
        By how much the box around them is wider than the lungs on each side, as a
        fraction of its height or width, in [0, 1]; as far as the image reaches.
    min_area, max_area : float, default=0.05, 0.8
        What lungs must cover of the image at least and at most, as a fraction in
        [0, 1], to count as found. Where they are not found the image stays as it is,
        and a warning names such images.
    fill_value : float, default=0.0
        Brightness of what is filled, in [0, 1].
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels. Arrays keep their size.
    cache_dir : path-like or None, default=None
        Folder where decoded files stay for later runs.
    verbose : int, default=0
        A progress bar, if not 0.

    Attributes
    ----------
    segmenter_ : object
        The fitted segmenter.
    without_lungs_ : ndarray of int
        Rows of the last `transform` in which no lungs were found.

    See Also
    --------
    cxrclf.UNetSegmenter : A segmenter.

    Notes
    -----
    The segmenter sees the images at `image_size`: give its own, so that they are not
    resized twice. The box of ``mode="crop"`` is stretched to the size of the image;
    with a larger `image_size` than the classifier's, it keeps more detail.

    The shape of a mask tells something too: lungs that an opacity hides may be
    segmented smaller. A score on masked images is not proof that a classifier looks at
    lung tissue.

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
        """Take the fitted segmenter, or fit one.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`transform`.
        y : None
            Ignored.
        masks : array-like, default=None
            The lungs of these images, in any form that the segmenter takes: a clone of
            it is fitted on them. In a pipeline, pass
            ``params={"lungmasker__masks": masks}`` to `cross_validate`, and each fold
            fits its own. None takes the segmenter as it is, fitted.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X holds no images, the segmenter is not
            fitted and there are no masks, or is frozen and there are, or it pads files
            (``keep_aspect_ratio``), which are stretched here.
        """
        self._check_parameters()
        self._check_images(X)
        if masks is not None:
            if isinstance(self.segmenter, FrozenEstimator):
                raise ValueError(
                    "A segmenter in a FrozenEstimator does not learn from masks. Give "
                    "it without the FrozenEstimator, or leave masks out."
                )
            self.segmenter_ = clone(self.segmenter).fit(X, masks)
            return self
        try:
            if hasattr(self.segmenter, "fit"):
                check_is_fitted(self.segmenter)
        except NotFittedError as error:
            raise ValueError(
                f"The segmenter of {type(self).__name__} is not fitted. Put a fitted "
                "one into a FrozenEstimator (sklearn.frozen), so that it stays fitted "
                "when the pipeline is cloned; or pass masks, to fit it here."
            ) from error
        self.segmenter_ = self.segmenter
        return self

    def _begin(self):
        check_is_fitted(self)
        self._found = []

    def _end(self):
        found = np.array(self.__dict__.pop("_found"))
        self.without_lungs_ = np.flatnonzero(~found)
        if len(self.without_lungs_):
            n, rows = len(self.without_lungs_), self.without_lungs_[:5].tolist()
            more = ", ..." if n > len(rows) else ""
            warnings.warn(
                f"No lungs were found in {n} of {len(found)} images, which stay as "
                f"they are: rows {', '.join(map(str, rows))}{more} of X. Look at what "
                "the segmenter predicts for them; lungs count as found from "
                f"{self.min_area:.0%} (min_area) to {self.max_area:.0%} (max_area) of "
                "the image.",
                NoLungsWarning,
                stacklevel=4,
            )

    def _check_parameters(self):
        super()._check_parameters()
        if self.keep == "background" and self.mode != "mask":
            raise ValueError(
                f'keep="background" needs mode="mask", got mode={self.mode!r}: the box '
                "around the lungs holds little else."
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
            result, predicted_lungs(self.segmenter_, images), strict=True
        ):
            plausible = self.min_area <= lungs.mean() <= self.max_area
            self._found.append(plausible and lungs.any())
            if not self._found[-1]:
                continue
            lungs = dilate(lungs, radius)
            if self.mode != "crop":
                image[lungs == (self.keep == "background")] = fill
            if self.mode != "mask":
                box = self._box(lungs)
                image[...] = resize(np.ascontiguousarray(image[box]), image.shape)
        return result

    def _box(self, lungs):
        """Return the rows and columns around the lungs."""
        slices = []
        for axis, side in enumerate(lungs.shape):
            inside = np.flatnonzero(lungs.any(axis=1 - axis))
            first, last = inside[0], inside[-1] + 1
            wider = round(self.margin * (last - first))
            slices.append(slice(max(0, first - wider), min(side, last + wider)))
        return tuple(slices)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "segmenter_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags
