"""UNetSegmenter: a U-Net as a scikit-learn estimator of masks."""

import itertools
import os
from collections import Counter
from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import expit, softmax
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)
from torch.nn.functional import interpolate

from cxrclf._utils._files import replaced_whole
from cxrclf._utils._paths import as_paths, path_values
from cxrclf.imaging import (
    check_mask_labels,
    content_size,
    open_masks,
    read_image_sizes,
)
from cxrclf.metrics import segmentation_scorers
from cxrclf.nets import FeatureEncoder, PlainEncoder, UNet, UNetDecoder, make_backbone
from cxrclf.segmentation._losses import LOSSES, MaskLoss, sum_of_dice
from cxrclf.segmentation._pairs import check_pairs, opened_together, warn_of_empty
from cxrclf.segmentation._regions import cleaned
from cxrclf.training import (
    Augmentation,
    ImageEstimator,
    MaskedImages,
    training_weights,
)

_PRESETS = {
    "vgg19_unet": {
        "image_size": 512,
        "width": 64,
        "batch_norm": False,
        "loss": "cross_entropy",
        "augmentation": Augmentation(zoom=0.05, shift=0.05, horizontal_flip=True),
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "learning_rate_schedule": "constant",
        "max_epochs": 50,
        "batch_size": 16,
    },
}
_DEFAULT_SIZE = 256, 256


class UNetSegmenter(ImageEstimator):
    """Segment radiographs with a U-Net, for their lungs or anything else.

    Learns masks from pairs of images and masks: image files or arrays in, masks out.
    Without `encoder` it is the classic U-Net [1]_, trained from random weights; with
    one, the contracting path is a network of timm with its pretrained weights. Integer
    pixels are scaled by their type's maximum; float pixels are taken to be in [0, 1].

    Read more in the :ref:`User Guide <segmentation>`.

    Parameters
    ----------
    encoder : str or None, default=None
        A network of timm that has maps of several sizes, or a paper's name for it:
        ``"tf_efficientnet_lite0"``, ``"resnet50"``, ... None is the classic U-Net's
        own contracting path.
    weights : None, "imagenet", path-like or mapping, default="imagenet"
        Initial weights of `encoder`, as in :class:`~cxrclf.CXRClassifier`. The classic
        U-Net takes none.
    depth : int, default=4
        How often the classic U-Net halves the image.
    width : int or None, default=None
        Channels at the full size; each halving doubles them. None is 32 for the
        classic U-Net (64 in the paper, in four times the time), and 16 for the decoder
        of an encoder.
    batch_norm : bool, default=True
        Whether batch normalisation stands between convolution and ReLU, but for the
        layers of an encoder. The paper has none.
    upsampling : {"transposed", "bilinear"}, default="transposed"
        Double the size with learnt 2 × 2 up-convolutions, or by interpolation.
    trainable : {"all", "head"} or int, default="all"
        What is trained: everything, the decoder, or the decoder and that many of the
        encoder's last stages. A frozen part runs in inference mode.
    labels : tuple or list of int, or None, default=None
        The value in the masks of each class, the background first. None stands for
        two classes: a pixel belongs to the object, or not.
    loss : {"cross_entropy+dice", "cross_entropy", "dice", "focal"}, \
            default="cross_entropy+dice"
        Cross-entropy of the pixels; 1 minus the soft Dice coefficient of the image
        [2]_; their sum; or the focal loss with gamma 2 [3]_.
    threshold : float, default=0.5
        Probability in (0, 1) from which a pixel belongs to the object. With more than
        two classes a pixel is of the most probable one.
    largest_components : int or None, default=None
        How many connected regions of each class a predicted mask keeps, the largest
        ones: 2 for lungs. None keeps all.
    fill_holes : bool, default=False
        Whether background that is enclosed by a class becomes that class.
    image_size : int, (int, int) or None, default=None
        Height and width that the network gets, in pixels: the working size. None is
        256 for files, and the size that they have for arrays.
    keep_aspect_ratio : bool, default=False
        Pad files to `image_size` instead of stretching them.
    augmentation : Augmentation or None, default=None
        Random views, drawn anew in each epoch. Masks move with their images and are
        taken by nearest neighbour.
    optimizer : {"adam", "adamw", "nadam", "sgd"}, default="adam"
        Nadam is that of Keras 2.
    learning_rate : float, default=1e-3
        Of the decoder.
    body_learning_rate : float or None, default=None
        Of the encoder; None is `learning_rate`.
    weight_decay : float, default=0.0
        Added to the gradient as a multiple of the weights; decoupled for ``"adamw"``.
    decay_bias_and_norm : bool, default=False
        Whether biases and normalisation parameters decay as well.
    momentum : float, default=0.9
        Of ``"sgd"``, in [0, 1).
    learning_rate_schedule : {"constant", "cosine", "linear", "step"} or callable, \
            default="cosine"
        As in :class:`~cxrclf.CXRClassifier`. With a constant rate the last epoch's
        network may be a worse one than that of the epoch before.
    max_epochs : int, default=50
        Passes over the data in a call of `fit`.
    head_epochs : int, default=0
        The first of these epochs, in which the decoder alone is trained.
    batch_size : int, default=8
        Images a step.
    validation_fraction : float or None, default=None
        Part of the patients (`groups` of `fit`) or else of the distinct images that
        is held out to choose the best epoch. None trains on all.
    early_stopping : bool, default=False
        Stop when `monitor` has not improved by `tol` for `n_iter_no_change` epochs.
        Needs a validation set.
    n_iter_no_change : int, default=10
        Epochs that early stopping waits.
    tol : float, default=1e-4
        What early stopping counts as an improvement.
    monitor : {"valid_loss", "valid_dice"}, default="valid_loss"
        What the best epoch is best in.
    keep_best : bool, default=True
        End with the weights of the best epoch where there is a validation set.
    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights, with a new optimiser.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order and views. The global generators are neither
        used nor changed.
    n_threads : int or None, default=None
        Processor threads of a call; None is torch's own number, which joblib lowers
        in its workers.
    device : str or torch.device, default="auto"
        ``"auto"`` is CUDA where there is one, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Of the network; the last layer computes in float32 at least. ``"auto"`` is
        bfloat16 where the hardware has it.
    compile : bool, default=False
        Compile the encoder with ``torch.compile``, which takes a C++ compiler.
    cache_dir : path-like or None, default=None
        Folder where decoded files stay for later runs. None shares them between the
        folds and workers of this process, and removes them at its end.
    checkpoint_dir : path-like or None, default=None
        Folder where each epoch leaves its state. The same `fit` on the same data,
        started again after a kill, goes on from there to the same weights. Needs an
        int `random_state`.
    log_dir : path-like or None, default=None
        Folder for TensorBoard logs of each epoch.
    verbose : int, default=0
        Progress bars, if not 0.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        False and True, or `labels`.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the torch module, a
        :class:`~cxrclf.nets.UNet`.
    history_ : dict of str to list
        A value an epoch: ``epoch``, ``train_loss``, ``train_dice``,
        ``learning_rate``, ``duration`` (seconds); with a validation set,
        ``valid_loss`` and ``valid_dice``.
    n_epochs_ : int
        Epochs done.
    best_epoch_ : int
        The epoch, from 1, that was best on the validation set, if there was one.
    image_size_ : (int, int)
        The working size.
    input_shape_ : tuple of int or None
        Shape of a sample in pixels; None for files.

    See Also
    --------
    cxrclf.preprocessing.LungMasker : Leave nothing but the lungs to a classifier.
    cxrclf.metrics.segmentation_scorers : More scores than `score` for cross_validate.
    cxrclf.datasets.load_image_masks : Images and masks from two folders.

    Notes
    -----
    Convolutions are padded, so that a mask has the size of its image; those of the
    paper are not, and crop the maps that are copied. The same `random_state` gives
    the same masks on the same machine with the same number of threads.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for
       biomedical image segmentation", MICCAI 2015, arXiv:1505.04597.
    .. [2] F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: fully convolutional neural
       networks for volumetric medical image segmentation", 3DV 2016,
       arXiv:1606.04797.
    .. [3] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017,
       arXiv:1708.02002.

    Examples
    --------
    >>> from cxrclf import UNetSegmenter
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(12, image_size=32, random_state=0)
    >>> unet = UNetSegmenter(depth=2, width=4, max_epochs=2, random_state=0)
    >>> masks = unet.fit(data.images, data.masks).predict(data.images[:3])
    >>> masks.shape, masks.dtype
    ((3, 32, 32), dtype('bool'))
    """

    _parameter_constraints = {
        **ImageEstimator._parameter_constraints,
        "encoder": [None, str],
        "weights": [None, str, Path, Mapping],
        "depth": [Interval(Integral, 1, 7, closed="both")],
        "width": [None, Interval(Integral, 1, None, closed="left")],
        "batch_norm": ["boolean"],
        "upsampling": [StrOptions({"transposed", "bilinear"})],
        "labels": [None, tuple, list],
        "loss": [StrOptions(set(LOSSES))],
        "threshold": [Interval(Real, 0, 1, closed="neither")],
        "largest_components": [None, Interval(Integral, 1, None, closed="left")],
        "fill_holes": ["boolean"],
        "monitor": [StrOptions({"valid_loss", "valid_dice"})],
    }
    _network_parameters = (
        "encoder",
        "depth",
        "width",
        "batch_norm",
        "upsampling",
        "labels",
    )
    _score = "dice", sum_of_dice

    def __init__(
        self,
        encoder=None,
        *,
        weights="imagenet",
        depth=4,
        width=None,
        batch_norm=True,
        upsampling="transposed",
        trainable="all",
        labels=None,
        loss="cross_entropy+dice",
        threshold=0.5,
        largest_components=None,
        fill_holes=False,
        image_size=None,
        keep_aspect_ratio=False,
        augmentation=None,
        optimizer="adam",
        learning_rate=1e-3,
        body_learning_rate=None,
        weight_decay=0.0,
        decay_bias_and_norm=False,
        momentum=0.9,
        learning_rate_schedule="cosine",
        max_epochs=50,
        head_epochs=0,
        batch_size=8,
        validation_fraction=None,
        early_stopping=False,
        n_iter_no_change=10,
        tol=1e-4,
        monitor="valid_loss",
        keep_best=True,
        warm_start=False,
        random_state=None,
        n_threads=None,
        device="auto",
        precision="auto",
        compile=False,
        cache_dir=None,
        checkpoint_dir=None,
        log_dir=None,
        verbose=0,
    ):
        self.encoder = encoder
        self.weights = weights
        self.depth = depth
        self.width = width
        self.batch_norm = batch_norm
        self.upsampling = upsampling
        self.trainable = trainable
        self.labels = labels
        self.loss = loss
        self.threshold = threshold
        self.largest_components = largest_components
        self.fill_holes = fill_holes
        self.image_size = image_size
        self.keep_aspect_ratio = keep_aspect_ratio
        self.augmentation = augmentation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.body_learning_rate = body_learning_rate
        self.weight_decay = weight_decay
        self.decay_bias_and_norm = decay_bias_and_norm
        self.momentum = momentum
        self.learning_rate_schedule = learning_rate_schedule
        self.max_epochs = max_epochs
        self.head_epochs = head_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.monitor = monitor
        self.keep_best = keep_best
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_threads = n_threads
        self.device = device
        self.precision = precision
        self.compile = compile
        self.cache_dir = cache_dir
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.verbose = verbose

    @classmethod
    def preset(cls, name, **parameters):
        """Make a segmenter as a study describes it.

        Parameters
        ----------
        name : {"vgg19_unet"}
            The classic U-Net at 512 px without batch normalisation, cross-entropy,
            Adam with 1e-3, batches of 16, 50 epochs, zoom and shift by 5 % and
            horizontal flips. The study also dilates the masks, see
            :class:`~cxrclf.preprocessing.MaskDilation`.
        **parameters
            Of the class, to be set otherwise.

        Returns
        -------
        UNetSegmenter

        Raises
        ------
        ValueError
            If there is no preset of this name.
        """
        if name not in _PRESETS:
            raise ValueError(f"preset must be one of {sorted(_PRESETS)}, got {name!r}.")
        chosen = {**_PRESETS[name], **parameters}
        if chosen["augmentation"] is _PRESETS[name]["augmentation"]:
            chosen["augmentation"] = Augmentation(**chosen["augmentation"].get_params())
        return cls(**chosen)

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; or pixels as an (n, H, W) or (n, H, W, C) array.
        y : array-like
            The masks: files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; (n, k) files, also as a data frame, of whose k the mask of
            an image is the union; or an (n, H, W) array of bool, of 0 and another
            value, or of `labels`. See :func:`cxrclf.imaging.read_mask` for what counts
            as the object in a file. A mask file may be of another size than its image,
            but not of another shape; arrays of images and masks are of one size.
        sample_weight : array-like of shape (n,), default=None
            Relative weights of the images; their mean is set to 1.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            Naming all files that cannot be read or are no masks.
        WeightsError
            If the weights cannot be had or do not fit.
        ValueError
            If a parameter, X or y is out of its range, or masks are of another shape
            than their images.
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, groups, X_val, y_val)
        return self

    def predict(self, X):
        """Predict masks at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W)
            Of bool, or of `labels`; H and W are ``image_size_``.
        """
        return np.stack([self.classes_[codes] for codes in self._masks(X)])

    def predict_proba(self, X):
        """Predict the probabilities of each pixel at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W) or (n, H, W, n_classes) of float32
            With two classes, of the object; else of each class, in the order of
            ``classes_``.
        """
        probabilities = np.concatenate(list(self._probabilities(X)))
        if probabilities.shape[1] == 1:
            return probabilities[:, 0]
        return np.ascontiguousarray(np.moveaxis(probabilities, 1, -1))

    def predict_masks(self, X):
        """Predict masks at each image's own size.

        The probabilities are brought to that size by bilinear interpolation, and
        decided there.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        list of ndarray of shape (H_i, W_i)
            Of bool, or of `labels`.

        See Also
        --------
        save_masks : Does not keep them in memory.
        """
        return list(self._own_masks(X))

    def save_masks(self, X, folder):
        """Predict masks at each file's own size, and write them as PNG.

        Parameters
        ----------
        X : array-like of path-like
            Image files, in any form of :meth:`fit`.
        folder : path-like
            Made when missing. The mask of ``scan.jpg`` is ``scan.png`` in it; pixels
            are 0 and 255, or `labels`, which must be below 256.

        Returns
        -------
        ndarray of shape (n, 1) of object
            The paths of the masks.

        Raises
        ------
        ValueError
            If X holds no files, or two of the same name, or a mask would replace its
            image.
        """
        check_is_fitted(self)
        names = self._mask_names(X, Path(folder))
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, mask in zip(names, self._own_masks(X), strict=True):
            pixels = mask * np.uint8(255) if mask.dtype == bool else mask
            with replaced_whole(name) as path:
                Image.fromarray(pixels.astype(np.uint8)).save(path, format="PNG")
        return np.array([str(name) for name in names], dtype=object)[:, None]

    def score(self, X, y):
        """Return the mean Dice coefficient of the masks of images.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.
        y : array-like
            Their masks, in any form of :meth:`fit`, compared at the working size.

        Returns
        -------
        float
            In [0, 1]; of several classes the mean over those that are not background.
        """
        check_is_fitted(self)
        return segmentation_scorers()(self, X, y)["dice"]

    def _fit(self, X, y, sample_weight, groups, X_val, y_val):
        self._check_settings(X_val is not None or y_val is not None)
        go_on = self.warm_start and hasattr(self, "net_")
        if go_on:
            self._check_same_network()
        labels = None if self.labels is None else check_mask_labels(self.labels)
        self.classes_ = np.array([False, True]) if labels is None else labels
        checked = self._check_pairs(X, y, reset=not go_on)
        n = len(checked)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight,
                np.empty((n, 1)),
                dtype=np.float64,
                ensure_non_negative=True,
            )
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val are given together or not at all.")
        validation, codes_val = None, None
        if X_val is not None:
            checked_val = self._check_pairs(X_val, y_val, reset=False)
            validation = checked_val, y_val
            codes_val = np.zeros(len(checked_val), dtype=np.int64)

        def weigh(rows):
            return training_weights(
                np.zeros(len(rows)),
                np.zeros(1),
                None,
                None if sample_weight is None else sample_weight[rows],
            )

        rows = np.arange(n)
        self._train(
            (checked, y),
            np.zeros(n, dtype=np.int64),  # all of one class
            [rows if sample_weight is None else rows[sample_weight > 0]],
            weigh,
            fresh="optimizer" if go_on else "net",
            groups=groups,
            X_val=validation,
            codes_val=codes_val,
        )

    def _check_same_network(self):
        """Refuse to go on with a net of another architecture."""
        changed = self._changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"warm_start goes on with the network of the fit before, and {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_pairs(self, X, y, *, reset):
        """Return X as :meth:`_check_images` does, with a mask for each."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, the "
                "masks of the images, but the target y is None."
            )
        checked = self._check_images(X, reset=reset)
        files = isinstance(checked, np.ndarray)
        if files and any(hasattr(path, "augmentation") for path in checked):
            raise ValueError(
                "X has transformed copies of files, which a sampler made, and their "
                "masks are not transformed. Use the segmenter's augmentation."
            )
        check_pairs(checked, y, self.image_size_)
        return checked

    def _check_images(self, X, *, reset):
        if path_values(X) is None:
            self._check_stack(X)
        checked = super()._check_images(X, reset=reset)
        if isinstance(checked, np.ndarray):
            return checked
        size, n_channels = checked.shape[1:3], (*checked.shape, 1)[3]
        if self.keep_aspect_ratio and self.image_size_ != content_size(
            size, self.image_size_, True
        ):
            raise ValueError(
                "keep_aspect_ratio=True pads files and no arrays, and X has images of "
                f"{size}, another shape than image_size={self.image_size_}. Give "
                "files, or padded images, or set keep_aspect_ratio=False."
            )
        fitted_on = (*(self.input_shape_ or ()), 1, 1, 1)[2]
        if self.encoder is None and n_channels > 1 == fitted_on:
            raise ValueError(
                f"X has images of {n_channels} channels, but this "
                f"{type(self).__name__} was fitted on grey ones. Give grey images."
            )
        return checked

    def _check_stack(self, X):
        """Refuse what is neither files nor a stack of images."""
        try:
            shape = np.shape(X)
        except ValueError:
            shape = None  # of several sizes
        if shape is None or len(shape) not in (3, 4):
            got = "images of several sizes" if shape is None else f"shape {shape}"
            raise ValueError(
                f"{type(self).__name__} takes files, or images as an (n, H, W) or "
                f"(n, H, W, C) array; got {got}. Give a single image as image[None]."
            )

    def _open(self, pair):
        checked, y = pair
        masks, images = opened_together(
            partial(self._open_masks, y), partial(super()._open, checked)
        )
        warn_of_empty(masks, y)
        return MaskedImages(images, masks)

    def _open_masks(self, y):
        return open_masks(
            y,
            self.image_size_,
            labels=self.labels,
            keep_aspect_ratio=self.keep_aspect_ratio,
            cache_dir=self.cache_dir,
            verbose=self.verbose,
        )

    def _probabilities(self, X):
        """Yield the probabilities of some images at a time, (b, C, H, W)."""
        for outputs in self._outputs(X):
            # An image has many pixels, and in double precision each takes seven times
            # as long.
            outputs = outputs.astype(np.float32)
            yield expit(outputs) if outputs.shape[1] == 1 else softmax(outputs, axis=1)

    def _masks(self, X):
        """Yield the class numbers of each image's pixels at the working size."""
        for batch in self._probabilities(X):
            yield from map(self._decided, batch)

    def _own_masks(self, X):
        """Yield the mask of each image at its own size."""
        check_is_fitted(self)
        paths = as_paths(X)
        # Before any of the work.
        sizes = (
            itertools.repeat(np.shape(X)[1:3])
            if paths is None
            else read_image_sizes(paths).tolist()
        )
        each = itertools.chain.from_iterable(self._probabilities(X))
        for probabilities, size in zip(each, sizes, strict=False):
            own = self._at_own_size(probabilities, size)
            yield self.classes_[self._decided(own)]

    def _at_own_size(self, probabilities, size):
        if self.keep_aspect_ratio:
            content = content_size(size, self.image_size_, True)
            top, left = (
                (whole - part) // 2
                for whole, part in zip(self.image_size_, content, strict=True)
            )
            probabilities = probabilities[
                :, top : top + content[0], left : left + content[1]
            ]
        tensor = torch.from_numpy(np.ascontiguousarray(probabilities))
        return interpolate(tensor[None], size, mode="bilinear", antialias=True)[
            0
        ].numpy()

    def _decided(self, probabilities):
        """Return class numbers, (H, W) of uint8, of probabilities, (C, H, W)."""
        if len(probabilities) == 1:
            codes = (probabilities[0] >= self.threshold).view(np.uint8)
        else:
            codes = probabilities.argmax(axis=0).astype(np.uint8)
        return cleaned(codes, self.largest_components, self.fill_holes)

    def _mask_names(self, X, folder):
        """Return where the mask of each file is written."""
        paths = as_paths(X)
        if paths is None:
            raise ValueError(
                "save_masks names masks after files, and X holds none. Use "
                "predict_masks(X) for arrays."
            )
        if self.classes_.max() > 255:
            raise ValueError(
                f"save_masks writes 8 bits, and labels go up to {self.classes_.max()}."
            )
        names = [folder / f"{Path(path).stem}.png" for path in paths]
        # Some systems take upper and lower case for the same.
        clash, count = Counter(str(name).lower() for name in names).most_common(1)[0]
        if count > 1:
            raise ValueError(
                f"Several files would have the mask {clash}. Save those of each "
                "folder to a folder of their own."
            )
        # Real paths, for the folder may be a link to that of the images.
        images = {os.path.realpath(path) for path in paths}
        if any(os.path.realpath(name) in images for name in names):
            raise ValueError(
                f"Masks in {folder} would replace their images. Give another folder."
            )
        return names

    def _criterion(self):
        return partial(MaskLoss, self.loss)

    def _body_factor(self):
        # A decoder needs another encoder than a classifier does.
        return 1.0

    def _default_image_size(self):
        return _DEFAULT_SIZE

    def _make_module(self, weights):
        channels = self._n_channels(self.input_shape_)
        shape = self.input_shape_
        colours = shape is not None and len(shape) == 3 and shape[2] > 1
        if self.encoder is None:
            width = 32 if self.width is None else self.width
            encoder = PlainEncoder(
                self.depth,
                width,
                batch_norm=self.batch_norm,
                in_channels=channels if colours else 1,
                image_size=self.image_size_,
            )
        else:
            width = 16 if self.width is None else self.width
            encoder = FeatureEncoder(
                make_backbone(
                    self.encoder,
                    weights=weights,
                    in_channels=channels,
                    image_size=self.image_size_,
                )
            )
        decoder = UNetDecoder(
            encoder.channels,
            encoder.reductions,
            1 if len(self.classes_) == 2 else len(self.classes_),
            width=width,
            batch_norm=self.batch_norm,
            upsampling=self.upsampling,
        )
        normalization = "unit" if self.encoder is None else "backbone"
        return UNet(encoder, decoder, normalization=normalization)

    def _fitted_state(self):
        classes = {"values": self.classes_.tolist(), "dtype": self.classes_.dtype.str}
        return {**super()._fitted_state(), "classes": classes}

    def _set_fitted_state(self, state):
        state = dict(state)
        classes = state.pop("classes")
        super()._set_fitted_state(state)
        self.classes_ = np.array(classes["values"], dtype=classes["dtype"])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
