"""What is run: the same for every contender."""

import dataclasses
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from cxrclf.datasets import load_image_masks


@dataclasses.dataclass(frozen=True)
class Settings:
    """One job: what a contender is asked to do.

    Parameters
    ----------
    data : str
        Folder with a sub-folder of radiographs for each class.
    large : str
        Folder of radiographs of 1 to 2 megapixels.
    images, masks : str
        Folders of radiographs and of their masks, which have the same names.
    backbone : str
        timm's name of the network, or those of several side by side, joined by " + ".
    weights : "imagenet" or None
        Its initial weights.
    image_size, unet_size : int
        Side, in pixels, that the network gets, and the U-Net.
    epochs, batch_size, n_folds : int
        Of the study; batches of the U-Net are of this size as well.
    full : bool
        Run the study of a peer whole, instead of extrapolating it.
    n_views : int or None
        Views that cxrclf makes of an image; None for as many as epochs.
    measured_epochs : int
        Epochs that an extrapolation rests on, after one of warming up.
    tuned_images, tuned_epochs, tuned_batch : int
        Images, epochs (the first warms up) and batch size of the fine-tuning. The
        U-Net has as many images and epochs.
    calls : int
        Calls that the overhead's medians are taken over.
    passes : int
        Forward passes that the concatenation's medians are taken over.
    device : str
        Where torch computes.
    """

    data: str
    large: str
    backbone: str = "tf_efficientnet_lite0"
    weights: str | None = "imagenet"
    images: str = ""
    masks: str = ""
    image_size: int = 224
    unet_size: int = 256
    epochs: int = 35
    batch_size: int = 8
    n_folds: int = 5
    full: bool = False
    n_views: int | None = None
    measured_epochs: int = 3
    tuned_images: int = 160
    tuned_epochs: int = 3
    tuned_batch: int = 16
    calls: int = 200
    passes: int = 15
    device: str = "cpu"


# makris2020 names these kinds of views; where it gives no range, a usual one is taken.
AUGMENTATION = {
    "rotation": 30,  # degrees, both ways
    "shear": 10,  # degrees, both ways
    "zoom": 0.1,  # fraction, both ways
    "crop": 0.1,  # fraction of each side
    "horizontal_flip": True,
    # Standard deviation, of pixels in [0, 1]: half a grey level. The body is frozen and
    # knows no noise: 0.02 in the training views costs it 20 points on plain images.
    "noise": 0.002,
}
# The head of the study: Linear, ReLU, Dropout, Linear.
HIDDEN_UNITS = 128
DROPOUT = 0.5
CONCAT_CHANNELS = 1024  # of the 1 × 1 convolution on networks side by side
LEARNING_RATE = 1e-3  # of Adam
UNET_WIDTH = 16  # channels of the U-Net's decoder at the size of the image
# Images that the peers predict masks of at once: of 1, 2, 3, 4, 8 and 16 the fastest
# on a CPU, together with 2.
UNET_PREDICTED = 3


def labelled_files(folder):
    """Return the image files of a folder and the codes of their classes.

    Parameters
    ----------
    folder : path-like
        ``folder/<class>/<image>``.

    Returns
    -------
    files : ndarray of shape (n,) of str
        Sorted by class and name.
    codes : ndarray of shape (n,) of int
    """
    files = sorted(str(path) for path in Path(folder).glob("*/*.*"))
    classes = [Path(path).parent.name for path in files]
    return np.array(files), np.unique(classes, return_inverse=True)[1]


def paired_files(settings):
    """Return the image files and the mask files of the segmentation.

    Returns
    -------
    files, masks : ndarray of shape (n,) of object
    """
    data = load_image_masks(settings.images, settings.masks)
    return data.data[:, 0], data.masks[:, 0]


def folds(codes, n_folds):
    """Return the folds of the study as a list of (training rows, left-out rows)."""
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    return list(splitter.split(codes, codes))


def some_rows(n, n_wanted):
    """Return rows in random order, repeated if more are wanted than there are."""
    return np.resize(np.random.default_rng(0).permutation(n), n_wanted)
