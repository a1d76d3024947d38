"""A scikit-learn transformer from image files to an array."""

import os
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.session import UsesSession
from cxrclf.images._decode_store import DecodeStore, check_paths


class ImageReader(UsesSession, TransformerMixin, BaseEstimator):
    """Read image files into an array of gray pixels.

    Use this transformer as the first step of a pipeline from files to arrays. It learns
    nothing in `fit`. It decodes each file once, into a `DecodeStore`, so that a
    cross-validation or a grid search does not decode the files again.

    Parameters
    ----------
    image_size : int or (int, int), default=224
        Side of a square, or height and width, in pixels.
    keep_aspect_ratio : bool, default=False
        Whether images keep their aspect ratio. If True, images are fitted into
        `image_size` and centered on zeros. The default stretches images, as in the
        published studies.
    bits_stored : int, default=None
        Number of bits that the pixels of 16-bit files use, from 2 to 16, such as 12 for
        radiographs that were saved as 16-bit PNG without scaling. The pixels are
        scaled to the full range of 16 bits. With None the pixels use all bits. Files
        of 8 bits, DICOM files, and other files that contain their number of bits are
        not affected.
    cache_dir : path-like, default=None
        Folder of decoded pixels for later runs. With None decoded pixels are deleted
        when the process ends.
    n_jobs : int, default=None
        Number of decoding threads. None means 1 unless in a `joblib.parallel_config`
        context, and -1 means all processors.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    read_image : Function that reads one file.
    DecodeStore : Access to images by row, without holding all of them in memory.

    Notes
    -----
    The reader returns the original image for a transformed copy of a file from a
    sampler (:class:`~cxrclf.augmentation.AugmentedPath`). To oversample arrays with
    transformed copies, put the sampler after the reader.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cxrclf.images import ImageReader
    >>> folder = tempfile.TemporaryDirectory()
    >>> paths = [Path(folder.name) / f"{i}.png" for i in range(3)]
    >>> for i, path in enumerate(paths):
    ...     Image.fromarray(np.full((50, 40), i, dtype=np.uint8)).save(path)
    >>> images = ImageReader(image_size=32).fit_transform(paths)
    >>> images.shape, images.dtype
    ((3, 32, 32), dtype('uint8'))
    >>> folder.cleanup()
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "keep_aspect_ratio": ["boolean"],
        "bits_stored": [Interval(Integral, 2, 16, closed="both"), None],
        "cache_dir": [str, os.PathLike, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        image_size=224,
        *,
        keep_aspect_ratio=False,
        bits_stored=None,
        cache_dir=None,
        n_jobs=None,
        verbose=0,
    ):
        self.image_size = image_size
        self.keep_aspect_ratio = keep_aspect_ratio
        self.bits_stored = bits_stored
        self.cache_dir = cache_dir
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the paths in X, without opening a file.

        Parameters
        ----------
        X : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`.
        y : None
            Ignored.

        Returns
        -------
        self : ImageReader

        Raises
        ------
        ValueError
            If a parameter is invalid or X holds no paths.
        """
        self._check(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Read the image files in X.

        Parameters
        ----------
        X : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`.

        Returns
        -------
        ndarray of shape (n, H, W)
            Pixels of uint8, or of uint16 if any file has more than 8 bits per pixel.
            Pixels of 8-bit files are then multiplied by 257.

        Warns
        -----
        PixelRangeWarning
            If most 16-bit files use at most a quarter of their range. The message names
            the remedy.

        Raises
        ------
        ImageReadError
            If files cannot be read, or a pixel has more bits than `bits_stored`. The
            message names all files.
        ValueError
            If a parameter is invalid or X holds no paths.
        """
        paths = self._check(X)
        store = DecodeStore(
            self.image_size,
            keep_aspect_ratio=self.keep_aspect_ratio,
            bits_stored=self.bits_stored,
            cache_dir=self.cache_dir,
        )
        images = store.fetch(paths, n_jobs=self.n_jobs, verbose=self.verbose)
        images.warn_of_range()
        return images.gather(np.arange(len(images)))

    def _check(self, X: Any) -> np.ndarray:
        self._validate_params()
        check_image_size(self.image_size)
        return check_paths(X)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags
