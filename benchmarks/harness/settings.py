"""Settings and data that are the same for all contenders."""

import dataclasses
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from cxrclf.datasets import load_image_masks


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a job.

    Parameters
    ----------
    data : str
        Folder with one sub-folder of radiographs per class.
    large : str
        Folder of radiographs of 1 to 2 megapixels.
    images, masks : str
        Folders of radiographs and of masks, with the same file names.
    backbone : str
        Name of the network in timm, or names of several networks, joined by " + ".
    weights : "imagenet" or None
        Initial weights of the network.
    image_size, unet_size : int
        Side in pixels of the input of the classifier, and of the U-Net.
    epochs, batch_size, n_folds : int
        Settings of the study. The U-Net has the same batch size.
    full : bool
        Run the complete study of a peer, instead of extrapolating it.
    n_views : int or None
        Number of views per image in cxrclf. None means one view per epoch.
    precision : str
        Precision of cxrclf.
    measured_epochs : int
        Number of measured epochs in an extrapolation, after one warm-up epoch.
    tuned_images, tuned_epochs, tuned_batch : int
        Number of images, number of epochs (the first is a warm-up) and batch size of
        the fine-tuning. The U-Net has the same number of images and epochs.
    calls : int
        Number of calls for the medians of the overhead.
    passes : int
        Number of forward passes for the medians of the concatenation, and of rounds for
        the medians of the limit.
    device : str
        Device of torch.
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
    precision: str = "auto"
    measured_epochs: int = 3
    tuned_images: int = 160
    tuned_epochs: int = 3
    tuned_batch: int = 16
    calls: int = 200
    passes: int = 15
    device: str = "cpu"


# makris2020 has these kinds of views. A range that it does not name is a usual one.
AUGMENTATION = {
    "rotation": 30,  # degrees, both ways
    "shear": 10,  # degrees, both ways
    "zoom": 0.1,  # fraction, both ways
    "crop": 0.1,  # fraction of each side
    "horizontal_flip": True,
    # Standard deviation for pixels in [0, 1]: half a gray level. The frozen body was
    # not trained on noise: with 0.02, the accuracy on plain images is 20 points lower.
    "noise": 0.002,
}
# The head of the study: Linear, ReLU, Dropout, Linear.
HIDDEN_UNITS = 128
DROPOUT = 0.5
CONCAT_CHANNELS = 1024  # of the 1 × 1 convolution on concatenated feature maps
LEARNING_RATE = 1e-3  # of Adam
FEW_VIEWS = 8  # views per image of the shorter study
UNET_WIDTH = 16  # channels of the U-Net's decoder at the size of the image
# Batch size of the peers when they predict masks. Of 1, 2, 3, 4, 8 and 16, the fastest
# on a CPU are 2 and 3.
UNET_PREDICTED = 3


def labeled_files(folder):
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
    """Return the folds of the study: a list of (training rows, left-out rows)."""
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    return list(splitter.split(codes, codes))


def some_rows(n, n_wanted):
    """Return `n_wanted` of `n` rows in random order, repeated if there are too few."""
    return np.resize(np.random.default_rng(0).permutation(n), n_wanted)
