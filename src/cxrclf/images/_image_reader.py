"""Image files to an array, as a scikit-learn transformer."""

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
    """Read image files into an array of grey pixels.

    A transformer without anything to learn, for pipelines that start at files and
    go on with arrays. Files are decoded once, into a `DecodeStore`: a
    cross-validation or a grid search does not decode them again.

    Parameters
    ----------
    image_size : int or (int, int), default=224
        Side of a square, or height and width, in pixels.
    keep_aspect_ratio : bool, default=False
        Whether to fit images into `image_size` and to centre them on zeros. The
        default ignores the aspect ratio, as the published studies do.
    cache_dir : path-like, default=None
        Where decoded pixels are kept for later runs. With None they are kept until
        the process ends.
    n_jobs : int, default=None
        Number of threads that decode. None means 1 unless in a
        `joblib.parallel_config` context, -1 all processors.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    read_image : Reads one file, and says how files are read.
    DecodeStore : Gives rows without holding all images in memory.

    Notes
    -----
    The transformed copies of files that a sampler makes
    (:class:`~cxrclf.augmentation.AugmentedPath`) are read as their originals: for
    arrays, put the sampler behind the reader.

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
        "cache_dir": [str, os.PathLike, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        image_size=224,
        *,
        keep_aspect_ratio=False,
        cache_dir=None,
        n_jobs=None,
        verbose=0,
    ):
        self.image_size = image_size
        self.keep_aspect_ratio = keep_aspect_ratio
        self.cache_dir = cache_dir
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and that X holds paths. No file is opened.

        Parameters
        ----------
        X : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`.
        y : None
            Ignored.

        Returns
        -------
        ImageReader
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is invalid or X holds no paths.
        """
        self._check(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Read files.

        Parameters
        ----------
        X : array-like of path-like
            Paths as an (n,) or (n, 1) array, a list, a Series, or a data frame
            with a column `path`.

        Returns
        -------
        ndarray of shape (n, H, W)
            uint8; uint16 if any file has more than 8 bits a pixel, and pixels of
            8 bits are then multiplied by 257.

        Raises
        ------
        ImageReadError
            If files cannot be read. All of them are named at once.
        ValueError
            If a parameter is invalid or X holds no paths.
        """
        paths = self._check(X)
        store = DecodeStore(
            self.image_size,
            keep_aspect_ratio=self.keep_aspect_ratio,
            cache_dir=self.cache_dir,
        )
        images = store.fetch(paths, n_jobs=self.n_jobs, verbose=self.verbose)
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
