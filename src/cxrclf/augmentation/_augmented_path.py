"""Transformed copies of image files that exist as rows of X, not as files."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from cxrclf._torch.device import upload
from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation._augmentation import Augmentation


@dataclass(frozen=True, eq=False)
class AugmentedPath:
    """A transformed copy of an image file: a path that says how to read it.

    What a sampler puts into X. The estimators of this library transform the image once
    it is decoded; for anything else it is the path of the original file. The same
    image, augmentation, seed and copy give the same pixels wherever they are read, and
    whatever the other rows are.

    Parameters
    ----------
    path : str
        The image file.
    augmentation : Augmentation
        What the transformation is drawn from; no subclass, since the same parameters
        must stand for the same pixels.
    seed : int
        Of the drawing, in [0, 2**63).
    copy : int
        Number of the copy of this image, from 0: another copy is drawn anew.

    Raises
    ------
    TypeError
        If `augmentation` is anything else.

    Examples
    --------
    >>> import os
    >>> from cxrclf import Augmentation
    >>> from cxrclf.augmentation import AugmentedPath
    >>> os.fspath(AugmentedPath("scan.png", Augmentation(rotation=15), seed=0, copy=0))
    'scan.png'
    """

    path: str
    augmentation: Augmentation
    seed: int
    copy: int

    def __post_init__(self):
        if type(self.augmentation) is not Augmentation:
            raise TypeError(
                f"augmentation must be an Augmentation, got {self.augmentation!r}."
            )

    def __fspath__(self):
        return self.path

    def __str__(self):
        return self.path

    def __eq__(self, other):
        if not isinstance(other, AugmentedPath):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self):
        return hash(self._identity())

    def _identity(self):
        return self.path, _text(self.augmentation), self.seed, self.copy


class Copies:
    """The rows of images that are transformed copies.

    Parameters
    ----------
    values : ndarray of shape (n,) of object
        Paths, and AugmentedPath where a row is a copy.
    keys : ndarray of shape (n,) of uint64
        Content keys of the files' images.

    Attributes
    ----------
    keys : ndarray of shape (n,) of uint64
        Content keys of the rows: a copy has one of its own.
    """

    def __init__(self, values, keys):
        rows = [k for k, value in enumerate(values) if isinstance(value, AugmentedPath)]
        copies = values[rows]
        # One object for all copies that a sampler made at once, also when pickled.
        objects = {id(copy.augmentation): copy.augmentation for copy in copies}
        texts = {key: _text(augmentation) for key, augmentation in objects.items()}
        kinds = {texts[key]: augmentation for key, augmentation in objects.items()}
        number = {text: k for k, text in enumerate(kinds)}
        self.augmentations = list(kinds.values())
        self.kind = np.full(len(values), -1)
        self.kind[rows] = [number[texts[id(copy.augmentation)]] for copy in copies]
        self.state = np.zeros(len(values), np.uint64)
        self.state[rows] = keyed_state(
            [copy.seed for copy in copies], keys[rows], [copy.copy for copy in copies]
        )
        digests = np.array([_digest(text) for text in kinds], np.uint64)
        self.keys = keys.copy()
        self.keys[rows] = keyed_state(digests[self.kind[rows]], self.state[rows])

    @property
    def is_copy(self):
        """Which rows are transformed copies, (n,) of bool."""
        return self.kind >= 0

    def apply(self, images, rows):
        """Transform those of a batch's images that are copies.

        Parameters
        ----------
        images : Tensor of shape (b, C, H, W)
        rows : ndarray of shape (b,) of int

        Returns
        -------
        Tensor of shape (b, C, H, W)
        """
        for kind, augmentation in enumerate(self.augmentations):
            chosen = np.flatnonzero(self.kind[rows] == kind)
            if len(chosen):
                index = upload(torch.from_numpy(chosen), images.device)
                images = images.index_copy(
                    0,
                    index,
                    augmentation.apply(images[index], self.state[rows[chosen]]),
                )
        return images


def _text(augmentation):
    return f"Augmentation{sorted(augmentation.get_params().items())}"


def _digest(text):
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
