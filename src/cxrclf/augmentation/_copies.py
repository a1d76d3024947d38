"""Transform the rows of X that are transformed copies of files."""

import hashlib

import numpy as np
import torch

from cxrclf._torch.device import upload
from cxrclf._utils.keyed_random import keyed_state
from cxrclf._utils.paths import is_copy
from cxrclf.augmentation._augmented_path import describe


class Copies:
    """Transformed copies among the rows of X.

    Parameters
    ----------
    images : Images
        Decoded images, before any transformation.
    paths : ndarray of shape (n,) of object, default=None
        Paths of the images, with an AugmentedPath for each copy. None means that the
        images do not come from files, so that there are no copies.

    Attributes
    ----------
    is_copy : ndarray of shape (n,) of bool
        Mask of the rows that are transformed copies.
    """

    def __init__(self, images, paths=None):
        self._images = images
        self._kind = np.full(len(images), -1)  # number of the augmentation of a copy
        self._augmentations = []
        rows = [
            row
            for row, path in enumerate([] if paths is None else paths)
            if is_copy(path)
        ]
        if rows:
            self._index_copies(rows, paths[rows])
        self.is_copy = self._kind >= 0

    def _index_copies(self, rows, copies):
        """Assign each copy an augmentation, a random state and a key."""
        # A sampler uses one object for all copies, also after pickling. Describe each
        # object only once.
        objects = {id(copy.augmentation): copy.augmentation for copy in copies}
        texts = {key: describe(augmentation) for key, augmentation in objects.items()}
        kinds = {texts[key]: augmentation for key, augmentation in objects.items()}
        number = {text: k for k, text in enumerate(kinds)}
        self._augmentations = list(kinds.values())
        self._kind[rows] = [number[texts[id(copy.augmentation)]] for copy in copies]
        keys = self._images.keys
        self._states = np.zeros(len(keys), np.uint64)
        self._states[rows] = keyed_state(
            [copy.seed for copy in copies], keys[rows], [copy.copy for copy in copies]
        )
        digests = np.array([_digest(text) for text in kinds], np.uint64)
        self._keys = keys.copy()
        self._keys[rows] = keyed_state(digests[self._kind[rows]], self._states[rows])

    @property
    def keys(self):
        """Key of the pixels of each row, (n,) of uint64. Each copy has its own key."""
        return self._keys if self._augmentations else self._images.keys

    def apply(self, pixels, rows):
        """Transform the copies in a batch.

        Parameters
        ----------
        pixels : Tensor of shape (b, C, H, W)
            Original images in [0, 1].
        rows : ndarray of shape (b,) of int
            Row numbers of the images in X.

        Returns
        -------
        Tensor of shape (b, C, H, W)
            Images with transformed copies.
        """
        for kind, augmentation in enumerate(self._augmentations):
            chosen = np.flatnonzero(self._kind[rows] == kind)
            if len(chosen):
                index = upload(torch.from_numpy(chosen), pixels.device)
                states = self._states[rows[chosen]]
                pixels = pixels.index_copy(
                    0, index, augmentation.apply(pixels[index], states)
                )
        return pixels


def _digest(text):
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
