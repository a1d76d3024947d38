"""UNetSegmenter: a U-Net as a scikit-learn estimator of masks."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    column_or_1d,
)

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.data import Examples
from cxrclf._training.task import Task
from cxrclf._training.weights import SampleWeights
from cxrclf._utils.image_size import content_size
from cxrclf.augmentation import Augmentation
from cxrclf.losses import MASK_LOSSES, MaskLoss, sum_of_dice
from cxrclf.masks import MaskInput, check_mask_labels
from cxrclf.nets import FeatureEncoder, PlainEncoder, UNet, UNetDecoder, make_backbone
from cxrclf.segmentation._mask_examples import UnreadMasks, check_pairs
from cxrclf.segmentation._mask_predictor import MaskPredictor
from cxrclf.segmentation._regions import clean_mask

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


class UNetSegmenter(MaskPredictor, ImageEstimator):
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
        Number of processor threads of a call. None stands for torch's own number,
        which joblib lowers in its workers. In a forked process one thread computes a
        layer, whatever the number.
    device : str or torch.device, default="auto"
        ``"auto"`` is CUDA where there is one, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Precision of the network; the last layer computes in float32 at least.
        ``"auto"`` is bfloat16 where the processor is faster in it: on a GPU that has
        it, and on a CPU with AMX or an AMD CPU with AVX512-BF16. Elsewhere it is
        float32. See ``precision_``.
    compile : bool, default=False
        Compile the encoder with ``torch.compile``, which takes a C++ compiler.
    cache_dir : path-like or None, default=None
        Folder where decoded files stay for later runs. None shares them between the
        folds and workers of this process, and removes them at its end.
    checkpoint_dir : path-like or None, default=None
        Folder where each epoch leaves its state. The same `fit` on the same data,
        started again after a kill or an interrupt, goes on from there to the same
        weights. Needs an int `random_state`. Where the state cannot be written, on a
        full disk for instance, one RuntimeWarning names the file, the cause and the
        remedy, and the training goes on.
    log_dir : path-like or None, default=None
        Folder for TensorBoard logs of each epoch. Where they cannot be written, a
        RuntimeWarning says so and the training goes on without logs.
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
    precision_ : {"float32", "bfloat16", "float64"}
        Precision in which the network computes, as ``precision`` or its rule chose it.
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
    paper are not, and crop the maps that are copied.

    On one machine, the same `random_state` gives the same model but for rounding, and
    with ``n_threads=1`` to the last digit. An image has the same mask whatever the
    other images of X are; a single image is equal but for rounding.

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
        "loss": [StrOptions(set(MASK_LOSSES))],
        "threshold": [Interval(Real, 0, 1, closed="neither")],
        "largest_components": [None, Interval(Integral, 1, None, closed="left")],
        "fill_holes": ["boolean"],
        "monitor": [StrOptions({"valid_loss", "valid_dice"})],
    }
    _flat_rows = False
    _network_parameters = (
        "encoder",
        "depth",
        "width",
        "batch_norm",
        "upsampling",
        "labels",
    )

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
        callbacks=None,
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
        self.callbacks = callbacks
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
            value, or of `labels`. See :func:`cxrclf.masks.read_mask` for what counts
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
            self._check_parameters(X_val is not None or y_val is not None)
            go_on = self.warm_start and hasattr(self, "net_")
            if go_on:
                self._check_same_network("warm_start")
            labels = None
            if self.labels is not None:
                labels = check_mask_labels(self.labels, in_files=True)
            self.classes_ = np.array([False, True]) if labels is None else labels
            train = self._examples(X, y, sample_weight, reset=not go_on)
            if groups is not None:
                groups = column_or_1d(groups)
                check_consistent_length(X, groups)
            if (X_val is None) != (y_val is None):
                raise ValueError("X_val and y_val are given together or not at all.")
            validation = None
            if X_val is not None:
                validation = self._examples(X_val, y_val)
            start = "optimizer" if go_on else "network"
            self._train(train, validation, start=start, groups=groups)
        return self

    def _examples(self, X, y, sample_weight=None, *, reset=False):
        """Return checked images and masks as what a training needs of them."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, the "
                "masks of the images, but the target y is None."
            )
        images = self._check_images(X, reset=reset)
        if images.is_copy.any():
            raise ValueError(
                "X has transformed copies of files, which a sampler made, and their "
                "masks are not transformed. Use the segmenter's augmentation."
            )
        masks = MaskInput.from_y(y, labels=self.labels)
        check_pairs(images, masks, self.image_size_)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight,
                np.empty((len(images), 1)),
                dtype=np.float64,
                ensure_non_negative=True,
            )
        return Examples(images, UnreadMasks(masks), SampleWeights(sample_weight))

    def _check_images(self, X, *, reset):
        images = super()._check_images(X, reset=reset)
        if images.sample_shape is None:
            return images
        size = images.sample_shape[:2]
        if self.keep_aspect_ratio and self.image_size_ != content_size(
            size, self.image_size_, True
        ):
            raise ValueError(
                "keep_aspect_ratio=True pads files and no arrays, and X has images of "
                f"{size}, another shape than image_size={self.image_size_}. Give "
                "files, or padded images, or set keep_aspect_ratio=False."
            )
        colors = len(images.sample_shape) == 3 and images.sample_shape[2] > 1
        if self.encoder is None and colors and not self._in_colors():
            raise ValueError(
                f"X has images of {images.sample_shape[2]} channels, but this "
                f"{type(self).__name__} was fitted on gray ones. Give gray images."
            )
        return images

    def _in_colors(self):
        shape = self.input_shape_
        return shape is not None and len(shape) == 3 and shape[2] > 1

    def _task(self):
        return Task(
            loss=partial(MaskLoss, self.loss),
            score_name="dice",
            score=sum_of_dice,
            activation=_activate,
            decide=self._decide,
        )

    def _decide(self, probabilities):
        """Return class numbers, (b, H, W) of uint8, of probabilities, (b, C, H, W)."""
        return np.stack([self._decide_image(image) for image in probabilities])

    def _decide_image(self, probabilities):
        if len(probabilities) == 1:
            codes = (probabilities[0] >= self.threshold).view(np.uint8)
        else:
            codes = probabilities.argmax(axis=0).astype(np.uint8)
        return clean_mask(codes, self.largest_components, self.fill_holes)

    def _body_factor(self):
        # A decoder needs another encoder than a classifier does.
        return 1.0

    def _default_image_size(self):
        return _DEFAULT_SIZE

    def _make_module(self, weights):
        channels = self._in_channels()
        if self.encoder is None:
            width = 32 if self.width is None else self.width
            encoder = PlainEncoder(
                self.depth,
                width,
                batch_norm=self.batch_norm,
                in_channels=channels if self._in_colors() else 1,
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


def _activate(outputs):
    """Return probabilities of outputs, (b, C, H, W)."""
    # An image has many pixels, and in double precision each takes seven times as long.
    outputs = outputs.astype(np.float32)
    return expit(outputs) if outputs.shape[1] == 1 else softmax(outputs, axis=1)
