"""Oversampling with transformed copies of images."""

import os
from collections import Counter

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.keyed_random import draw_seed, keyed_state
from cxrclf._utils.paths import is_copy
from cxrclf.augmentation import Augmentation, AugmentedPath
from cxrclf.images import content_key
from cxrclf.sampling._row_resampler import RowResampler

_BATCH = 64  # number of images that are transformed at once


class AugmentedOverSampler(RowResampler, BaseOverSampler):
    """Oversample the rare classes with transformed copies of their images.

    This is random oversampling with a random rotation, zoom and shift of each added
    image [1]_, so that the rare classes have no exact repeats. Rows are drawn by
    imbalanced-learn's `RandomOverSampler`. The new rows follow the rows of X, which are
    not changed. In a pipeline of imbalanced-learn only the training rows are
    resampled, so no test fold has copies.

    Parameters
    ----------
    rotation : float, default=15.0
        Largest angle in degrees, in [0, 180].
    zoom : float or (float, float), default=0.1
        Range of the zoom factors. A number z in [0, 1) means [1 - z, 1 + z]; a pair is
        the range itself.
    shift : float or (float, float), default=0.05
        Largest shift as a fraction of the image, in [0, 1]. A pair is (height, width).
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        Rule for pixels outside of the image.
    fill_value : float, default=0.0
        Pixel value in [0, 1] for ``fill_mode="constant"``. The value 1 means the
        maximum of the type for integer pixels.
    sampling_strategy : float, str, dict or callable, default="auto"
        Number of rows to add per class, as in `RandomOverSampler`. "auto" makes all
        classes as large as the largest class.
    image_shape : tuple of int, default=None
        Shape (H, W) or (H, W, C) of the image in each flat row. By default a row of F
        values is a 1 × 1 image with F channels, which is copied without a
        transformation.
    random_state : int, RandomState instance or None, default=None
        Random state of the drawn rows and of the transformations. Pass an int for the
        same result in each call.

    Attributes
    ----------
    sample_indices_ : ndarray of shape (n_new,) of int
        Row of X of each resampled row, or of its original.
    sampling_strategy_ : dict
        Number of added rows per class.
    n_features_in_ : int
        Number of columns of X, if X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame.

    See Also
    --------
    ImageSampler : Exact repeats, or fewer rows of the frequent classes.
    GenerativeOverSampler : New images from a generator.
    cxrclf.augmentation.Augmentation : Random views of all images in each epoch.

    Notes
    -----
    Only images of the rare classes are transformed. A network may learn the traces of
    the transformation instead of the disease, especially with a frozen body. To
    transform all classes in the same way, use ``ImageSampler(RandomOverSampler())`` and
    the `augmentation` of the classifier; see the :ref:`User Guide <samplers>`.

    If X holds paths, the added rows are :class:`~cxrclf.augmentation.AugmentedPath`
    objects. The sampler does not read or write files. The estimators of this library
    decode the file and then transform the image; missing files are reported there.
    Other code reads the original image. Copies are numbered per file. Two files with
    the same content have the same copies. If X already holds copies, a copy of such a
    row is a new copy of the original file, with the next free number. The other columns
    of a data frame are copied.

    A classifier may hold out a validation set from the resampled rows
    (`validation_fraction`). For paths this validation set has no copies, and no
    original of a training copy. For arrays it may have both, because a copy cannot be
    recognized by its pixels. Use paths, or pass your own validation set.

    If X holds pixels, the added rows have the type of X. Integers are rounded. A copy
    depends on the content of the image and on the number of its earlier copies, and not
    on its position in X.

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
        self._make_augmentation().check_params()
        if self.image_shape is not None:
            check_image_size(tuple(self.image_shape)[:2], "image_shape")
        return super()._check_inputs(X, y)

    def _interpret(self, X, **checks):
        return super()._interpret(X, image_shape=self.image_shape)

    def _make_augmentation(self):
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
            new = _copy_paths(images.paths, rows, self._make_augmentation(), seed)
        else:
            new = _copy_images(images.pixels, rows, self._make_augmentation(), seed)
            new = new.reshape(-1, *images.values.shape[1:])
        return images.append(new, rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def _copy_paths(paths, rows, augmentation, seed):
    """Return copies of the files in the given rows, (m,) of AugmentedPath."""
    n_copies = Counter()  # number of copies of each file in X
    for path in paths:
        if is_copy(path):
            n_copies[path.path] = max(n_copies[path.path], path.copy + 1)
    files = [os.fspath(paths[row]) for row in rows]
    new = np.empty(len(rows), dtype=object)
    for k, copy in enumerate(_number_copies(files, n_copies)):
        new[k] = AugmentedPath(files[k], augmentation, seed, int(copy))
    return new


def _copy_images(images, rows, augmentation, seed):
    """Return transformed copies of the images in the given rows, (m, H, W[, C])."""
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
    """Return the number of earlier copies for each name, and update `n_copies`."""
    numbers = np.empty(len(names), dtype=int)
    for k, name in enumerate(names):
        numbers[k] = n_copies[name]
        n_copies[name] += 1
    return numbers


def _transform(images, augmentation, states):
    """Transform images, and return them in the type of `images`."""
    kind, size = images.dtype.kind, images.dtype.itemsize
    top = np.iinfo(images.dtype).max if kind in "iu" else 1
    # float32 represents integers of up to 16 bits exactly.
    wide = size > 4 or (kind in "iu" and size > 2)
    pixels = torch.from_numpy(images.astype(np.float64 if wide else np.float32) / top)
    pixels = pixels[:, None] if images.ndim == 3 else pixels.movedim(-1, 1)
    pixels = augmentation.apply(pixels, states)
    pixels = pixels[:, 0] if images.ndim == 3 else pixels.movedim(1, -1)
    pixels = pixels.numpy()
    return pixels if kind == "f" else np.rint(pixels * top).astype(images.dtype)
