"""Oversampling with transformed copies."""

import os
from collections import Counter

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.keyed_random import draw_seed, keyed_state
from cxrclf.augmentation import Augmentation, AugmentedPath
from cxrclf.images import content_key
from cxrclf.sampling._row_resampler import RowResampler

_BATCH = 64


class AugmentedOverSampler(RowResampler, BaseOverSampler):
    """Add transformed copies of images of the rarer classes.

    Random oversampling whose added rows are rotated, scaled and displaced at random
    [1]_, so that the rare classes are not learnt from exact repeats. Rows are drawn as
    by imbalanced-learn's `RandomOverSampler`, and come after those of X, which stay
    as they are. In a pipeline of imbalanced-learn only the rows that are trained on are
    resampled, and no copy is in the fold that is scored.

    Parameters
    ----------
    rotation : float, default=15.0
        Largest angle in degrees, in [0, 180].
    zoom : float or (float, float), default=0.1
        A number z in [0, 1) scales by [1 - z, 1 + z]; a pair is the range itself.
    shift : float or (float, float), default=0.05
        Largest displacement as a fraction of the image, in [0, 1]; a pair is (height,
        width).
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        What lies outside of the image.
    fill_value : float, default=0.0
        Pixel value in [0, 1] for ``fill_mode="constant"``; 1 is the largest value of
        integer pixels.
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows to add, as in `RandomOverSampler`; "auto" makes all classes as
        large as the largest.
    image_shape : tuple of int, default=None
        (H, W) or (H, W, C) of the images in flat rows of shape (n, F). Without it such
        a row is a 1 × 1 image of F channels, which no transformation moves: its copies
        are exact.
    random_state : int, RandomState instance or None, default=None
        Decides which rows are copied and how; an int gives the same result each time.

    Attributes
    ----------
    sample_indices_ : ndarray of shape (n_new,) of int
        The row of X that each row of the result is, or is a copy of.
    sampling_strategy_ : dict
        How many rows were added to each class.
    n_features_in_ : int
        Columns of X, where X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X is a data frame.

    See Also
    --------
    ImageSampler : Exact repeats, or fewer rows of the frequent classes.
    GenerativeOverSampler : New images.
    cxrclf.augmentation.Augmentation : Other views in each epoch, of all images.

    Notes
    -----
    Copies of the rare classes alone are transformed, and a network may learn the traces
    that this leaves instead of the disease, above all with a frozen body.
    ``ImageSampler(RandomOverSampler())`` and the `augmentation` of the classifier
    transform all classes alike; see the :ref:`User Guide <samplers>`.

    Of paths, the added rows are :class:`~cxrclf.augmentation.AugmentedPath` objects: no
    file is read or written, the estimators of this library transform the image once it
    is decoded, and a missing file is found there. Anything else reads the original.
    Copies are numbered by file: two files of the same content have the same copies.
    A copy of such a row is another copy of its file, not of the transformed image; the
    copies in X are counted on. Other columns of a data frame are copied.

    A validation set that the classifier holds out of the resampled rows
    (`validation_fraction`) has no copies of files and none of their originals on the
    other side. Of arrays it may have both, since a copy of pixels is not known as one:
    use paths, or give a validation set of your own.

    Of pixels, the added rows have the type of X, integers rounded. A copy depends on
    the image's content and on how many copies of it were made before, not on its place
    in X.

    References
    ----------
    .. [1] Punn & Agarwal (2021), "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2689-2702.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.sampling import AugmentedOverSampler
    >>> sampler = AugmentedOverSampler(rotation=10, random_state=0)
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 32, 32), dtype=np.uint8)
    >>> X, y = sampler.fit_resample(images, [0, 0, 0, 0, 1, 1])
    >>> X.shape, X.dtype, y
    ((8, 32, 32), dtype('uint8'), [0, 0, 0, 0, 1, 1, 1, 1])
    >>> X, y = sampler.fit_resample(["a.png", "b.png", "c.png"], [0, 0, 1])
    >>> X[3].path, X[3].augmentation
    ('c.png', Augmentation(rotation=10, shift=0.05, zoom=0.1))
    """

    _parameter_constraints = {
        **BaseOverSampler._parameter_constraints,
        **{
            name: Augmentation._parameter_constraints[name]
            for name in ("rotation", "zoom", "shift", "fill_mode", "fill_value")
        },
        "image_shape": [None, tuple, list],
    }

    def __init__(
        self,
        rotation=15.0,
        zoom=0.1,
        shift=0.05,
        *,
        fill_mode="nearest",
        fill_value=0.0,
        sampling_strategy="auto",
        image_shape=None,
        random_state=None,
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.rotation = rotation
        self.zoom = zoom
        self.shift = shift
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.image_shape = image_shape
        self.random_state = random_state

    def _check_inputs(self, X, y):
        self._validate_params()
        self._augmentation().check_params()
        if self.image_shape is not None:
            check_image_size(tuple(self.image_shape)[:2], "image_shape")
        return super()._check_inputs(X, y)

    def _interpret(self, X, **checks):
        return super()._interpret(X, image_shape=self.image_shape)

    def _augmentation(self):
        return Augmentation(
            rotation=self.rotation,
            shift=self.shift,
            zoom=self.zoom,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )

    def _fit_resample(self, images, y, drawn):
        self.sample_indices_ = drawn.sample_indices_
        rows = self.sample_indices_[len(images) :]
        seed = draw_seed(self.random_state)
        if images.paths is not None:
            new = _copy_paths(images.paths, rows, self._augmentation(), seed)
        else:
            new = _copy_images(images.pixels, rows, self._augmentation(), seed)
            new = new.reshape(-1, *images.values.shape[1:])
        return images.append(new, rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def _copy_paths(paths, rows, augmentation, seed):
    """Return copies of some rows' files, (m,) of AugmentedPath."""
    n_copies = Counter()
    for path in paths:
        if isinstance(path, AugmentedPath):
            n_copies[path.path] = max(n_copies[path.path], path.copy + 1)
    files = [os.fspath(paths[row]) for row in rows]
    new = np.empty(len(rows), dtype=object)
    for k, copy in enumerate(_number_copies(files, n_copies)):
        new[k] = AugmentedPath(files[k], augmentation, seed, int(copy))
    return new


def _copy_images(images, rows, augmentation, seed):
    """Return transformed copies of some rows' images, (m, H, W[, C])."""
    new = images[rows]
    if images.shape[1:3] == (1, 1):
        return new
    keys = {row: content_key(images[row]) for row in np.unique(rows)}
    keys = np.array([keys[row] for row in rows], dtype=np.uint64)
    states = keyed_state(seed, keys, _number_copies(keys.tolist(), Counter()))
    for start in range(0, len(new), _BATCH):
        batch = slice(start, start + _BATCH)
        new[batch] = _transform(new[batch], augmentation, states[batch])
    return new


def _number_copies(names, n_copies):
    """Return for each name how often it was copied before; `n_copies` counts on."""
    numbers = np.empty(len(names), dtype=int)
    for k, name in enumerate(names):
        numbers[k] = n_copies[name]
        n_copies[name] += 1
    return numbers


def _transform(images, augmentation, states):
    """Return transformed images of the type of `images`."""
    kind, size = images.dtype.kind, images.dtype.itemsize
    top = np.iinfo(images.dtype).max if kind in "iu" else 1
    # float32 holds pixels of up to 16 bits exactly.
    wide = size > 4 or (kind in "iu" and size > 2)
    pixels = torch.from_numpy(images.astype(np.float64 if wide else np.float32) / top)
    pixels = pixels[:, None] if images.ndim == 3 else pixels.movedim(-1, 1)
    pixels = augmentation.apply(pixels, states)
    pixels = pixels[:, 0] if images.ndim == 3 else pixels.movedim(1, -1)
    pixels = pixels.numpy()
    return pixels if kind == "f" else np.rint(pixels * top).astype(images.dtype)
