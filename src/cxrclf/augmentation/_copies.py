"""Rows of images that are transformed copies of files."""

import hashlib

import numpy as np
import torch

from cxrclf._torch.device import upload
from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation._augmented_path import AugmentedPath, describe


class Copies:
    """The rows of images that are transformed copies, if there are any.

    Parameters
    ----------
    images : Images
        The images as decoded, without any transformation.
    paths : ndarray of shape (n,) of object, or None
        Their paths, and an AugmentedPath where a row is a copy. None for images that
        are no files.

    Attributes
    ----------
    is_copy : ndarray of shape (n,) of bool
        Which rows are transformed copies.
    """

    def __init__(self, images, paths=None):
        self._images = images
        self._kind = np.full(len(images), -1)
        self._augmentations = []
        rows = [
            row
            for row, path in enumerate([] if paths is None else paths)
            if isinstance(path, AugmentedPath)
        ]
        if rows:
            self._number(rows, paths[rows])
        self.is_copy = self._kind >= 0

    def _number(self, rows, copies):
        """Enumerate the different augmentations, and derive the state of each copy."""
        # One object for all copies that a sampler made at once, also when pickled.
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
        """Keys of the rows' pixels, (n,) of uint64: a copy has a key of its own."""
        return self._keys if self._augmentations else self._images.keys

    def apply(self, pixels, rows):
        """Transform those images of a batch that are copies.

        Parameters
        ----------
        pixels : Tensor of shape (b, C, H, W)
        rows : ndarray of shape (b,) of int

        Returns
        -------
        Tensor of shape (b, C, H, W)
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
