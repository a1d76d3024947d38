"""UNetSegmenter: a U-Net as a scikit-learn estimator of masks."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._estimators.channels import has_color
from cxrclf._estimators.fit_arguments import check_sample_weight, check_validation
from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.data import Examples
from cxrclf._training.task import Task
from cxrclf._training.weights import SampleWeights
from cxrclf._utils.groups import check_groups
from cxrclf._utils.image_size import content_size
from cxrclf.losses import MaskLoss, sum_of_dice
from cxrclf.masks import MaskInput, check_mask_labels
from cxrclf.segmentation._mask_examples import UnreadMasks, check_pairs
from cxrclf.segmentation._mask_predictor import MaskPredictor
from cxrclf.segmentation._network import make_unet
from cxrclf.segmentation._presets import preset_parameters
from cxrclf.segmentation._regions import clean_mask

_DEFAULT_SIZE = 256, 256


class UNetSegmenter(MaskPredictor, ImageEstimator):
    """Segment radiographs with a U-Net, for example their lungs.

    The segmenter learns from pairs of images and masks, which may be files or arrays,
    and predicts masks. Without `encoder` it is the classic U-Net [1]_, trained from
    random weights. With an encoder, the contracting path is a network of timm with its
    pretrained weights. Integer pixels are divided by the maximum of their type; float
    pixels must be in [0, 1].

    Read more in the :ref:`User Guide <segmentation>`.

    Parameters
    ----------
    encoder : str or None, default=None
        Name of a network of timm that has feature maps of several sizes, or the name
        that a paper uses for it: ``"tf_efficientnet_lite0"``, ``"resnet50"``, ... None
        uses the contracting path of the classic U-Net.
    weights : None, "imagenet", path-like or mapping, default="imagenet"
        Initial weights of `encoder`, as in :class:`~cxrclf.CXRClassifier`. The classic
        U-Net ignores them.
    depth : int, default=4
        Number of times that the classic U-Net halves the image.
    width : int or None, default=None
        Number of channels at the full size; each halving doubles it. None stands for 32
        in the classic U-Net (64 in the paper, which takes four times as long), and for
        16 in the decoder of an encoder.
    batch_norm : bool, default=True
        Whether batch normalization stands between convolution and ReLU. The layers of
        an encoder do not change. The paper has none.
    upsampling : {"transposed", "bilinear"}, default="transposed"
        Whether the decoder doubles the size by learned 2 × 2 up-convolutions or by
        bilinear interpolation.
    trainable : {"all", "head"} or int, default="all"
        Part of the network that is trained: the whole network, the decoder, or the
        decoder and this number of the encoder's last stages. The rest is frozen: it
        runs in inference mode.
    labels : tuple or list of int, or None, default=None
        Value of each class in the masks, the background first. None stands for two
        classes: the background and one object.
    loss : {"cross_entropy+dice", "cross_entropy", "dice", "focal"}, \
            default="cross_entropy+dice"
        Loss of an image: the cross-entropy of its pixels; 1 minus the soft Dice
        coefficient [2]_; their sum; or the focal loss with gamma = 2 [3]_.
    threshold : float, default=0.5
        Smallest probability, in (0, 1), of a pixel that belongs to the object. With
        more than two classes a pixel belongs to the most probable class.
    largest_components : int or None, default=None
        Number of connected regions of each class that a predicted mask keeps, the
        largest ones first. Use 2 for lungs. None keeps all regions.
    fill_holes : bool, default=False
        Whether background that a class encloses becomes that class.
    image_size : int, (int, int) or None, default=None
        Height and width at which the network works, in pixels. None stands for 256 ×
        256 for files, and for the size of the images in arrays.
    keep_aspect_ratio : bool, default=False
        Whether files are padded to `image_size` instead of being stretched to it.
    bits_stored : int or None, default=None
        Number of bits that pixels of more than 8 bits use, from 2 to 16. For example,
        12 for radiographs of 12 bits that were saved as 16-bit files, or that are a
        uint16 array. The pixels are then scaled to the full range. By default they use
        all bits. DICOM files contain this number, and 8-bit pixels do not need it.
    augmentation : Augmentation or None, default=None
        Random transformations of the training images. An image gets a new view in each
        epoch. Masks move with their images and are resampled by nearest neighbor.
    optimizer : {"adam", "adamw", "nadam", "sgd"} or Optimizer, default="adam"
        Optimizer of the training. ``"nadam"`` is the Nadam of Keras 2. Use an
        :class:`~cxrclf.optimizers.Optimizer` to set weight decay or momentum.
    learning_rate : float, default=1e-3
        Learning rate of the decoder.
    body_learning_rate : float or None, default=None
        Learning rate of the encoder. If None, it is `learning_rate`.
    learning_rate_schedule : {"constant", "cosine", "linear", "step"} or callable, \
            default="cosine"
        Factor on the learning rates in each epoch. ``"cosine"`` and ``"linear"`` fall
        towards 0. ``"step"`` divides by 10 after a half and after three quarters of the
        epochs. A callable gets (epoch, max_epochs) and returns the factor.
    max_epochs : int, default=50
        Number of passes over the training data in a call of `fit`.
    head_epochs : int, default=0
        Number of epochs at the beginning in which the decoder alone is trained. They
        count as part of `max_epochs`.
    batch_size : int, default=8
        Number of samples per optimizer step.
    validation_fraction : float or None, default=None
        Fraction of the patients (`groups` of `fit`), or else of the distinct images,
        that is held out to choose the best epoch. Patients who share an image count as
        one. None trains on all rows.
    early_stopping : bool, default=False
        Whether the training stops when `monitor` has not improved by `tol` for
        `n_iter_no_change` epochs. Early stopping needs a validation set.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends the
        training.
    tol : float, default=1e-4
        Smallest change of `monitor` that early stopping counts as an improvement.
    monitor : {"valid_loss", "valid_dice"}, default="valid_loss"
        Column of the history that decides which epoch is best.
    keep_best : bool, default=True
        Whether the training ends with the weights of the best epoch. It has no effect
        without a validation set.
    warm_start : bool, default=False
        Whether another `fit` continues from the present weights, with a new optimizer.
    callbacks : list or None, default=None
        Callbacks of skorch, (name, callback) pairs, or objects with some of their
        methods, such as ``on_epoch_end(net, **kwargs)``. The objects themselves are
        called, as in skorch. With `checkpoint_dir`, they need the attribute
        ``stateless = True``, which declares that a resumed training needs no state of
        theirs.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order, the views and the dropout. The global
        generators are neither used nor changed.
    n_threads : int or None, default=None
        Number of CPU threads. If None, torch chooses the number, and joblib reduces it
        in its workers. A forked process computes each layer with one thread.
        See Notes.
    device : str or torch.device, default="auto"
        Device of the network. ``"auto"`` uses CUDA if it is available, and the CPU
        otherwise.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Floating-point type in which the body computes. The last layer computes in
        float32 or float64. ``"auto"`` chooses bfloat16 where the processor is faster
        with it: on a GPU with bfloat16, on a CPU with AMX, and on an AMD CPU with
        AVX512-BF16. Elsewhere it chooses float32. See ``precision_``.
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        Library that computes predictions and the features of a frozen body on a CPU.
        ``"onnxruntime"`` computes in float32 and image by image, so that values do not
        depend on the number of images or threads. It needs
        ``pip install "cxrclf[fast]"``. The first use of a network at an image size
        takes seconds, see :ref:`engine`. ``"auto"`` chooses ONNX Runtime where it is
        installed and faster. See ``engine_``.
    compile : bool, default=False
        Whether ``torch.compile`` compiles the encoder. It needs a C++ compiler, and a
        minute or more for each new network, number of threads and image size.
    cache_dir : path-like or None, default=None
        Folder of decoded files for later runs. None shares them between the folds and
        workers of this process, and removes them at its end.
    checkpoint_dir : path-like or None, default=None
        Folder of checkpoints. Each epoch writes one. If a training was killed or
        interrupted, the same `fit` on the same data continues from the checkpoint, and
        ends with the same weights. It needs an int `random_state`. If a checkpoint
        cannot be written, for example on a full disk, one RuntimeWarning names the
        file, the cause and the remedy, and the training continues.
    log_dir : path-like or None, default=None
        Folder of TensorBoard logs, with the history of each epoch. If they cannot be
        written, a RuntimeWarning names the cause and the training continues without
        logs.
    verbose : int, default=0
        Whether to show progress bars. 0 shows none.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        False and True, or `labels`.
    net_ : skorch.NeuralNet
        Trained net. ``net_.module_`` is the torch module, a
        :class:`~cxrclf.nets.UNet`. ``net_.predict`` and ``net_.predict_proba`` take
        images as arrays or tensors; `predict` returns positions in ``classes_``.
        ``net_.history`` has one row per epoch.
    history_ : dict of str to list
        One value per epoch: ``epoch``, ``train_loss``, ``train_dice``,
        ``learning_rate``, ``duration`` (seconds); with a validation set also
        ``valid_loss`` and ``valid_dice``. The value is NaN for epochs without a
        validation set.
    n_epochs_ : int
        Number of epochs that were trained.
    best_epoch_ : int
        Number of the epoch, starting at 1, that was best on the validation set. It
        exists if there was a validation set.
    engine_ : {"torch", "onnxruntime"}
        Library that computes predictions.
    precision_ : {"float32", "bfloat16", "float64"}
        Floating-point type in which the body computes.
    image_size_ : (int, int)
        Working size: height and width of the images that the network gets.
    input_shape_ : tuple of int or None
        Shape of a sample in pixels; None for files.

    See Also
    --------
    cxrclf.preprocessing.LungMasker : Remove everything but the lungs from images.
    cxrclf.metrics.segmentation_scorers : More scores than `score` for cross_validate.
    cxrclf.datasets.load_image_masks : Images and masks from two folders.

    Notes
    -----
    Convolutions are padded, so that a mask has the size of its image. The paper's
    convolutions are not padded, and its skip connections crop the maps.

    On one machine, the same `random_state` leads to the same model except for rounding,
    and with ``n_threads=1`` to the last digit. The mask of an image does not depend on
    the other images of X. The mask of a single image is equal except for rounding.

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
        "precision": [StrOptions({"auto", "float32", "bfloat16", "float64"})],
        "encoder": [None, str],
        "weights": [None, str, Path, Mapping],
        "depth": [Interval(Integral, 1, 7, closed="both")],
        "width": [None, Interval(Integral, 1, None, closed="left")],
        "batch_norm": ["boolean"],
        "upsampling": [StrOptions({"transposed", "bilinear"})],
        "labels": [None, tuple, list],
        "loss": [StrOptions(set(MaskLoss.kinds))],
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
        bits_stored=None,
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
        engine="auto",
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
        self.bits_stored = bits_stored
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
        self.engine = engine
        self.compile = compile
        self.cache_dir = cache_dir
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.verbose = verbose

    @classmethod
    def preset(cls, name, **parameters):
        """Make a segmenter with the settings of a study.

        Parameters
        ----------
        name : {"vgg19_unet"}
            Name of the preset. ``"vgg19_unet"`` is the classic U-Net at 512 px without
            batch normalization, trained with cross-entropy, Adam at 1e-3, batches of
            16 and 50 epochs, with zoom and shift by 5 % and horizontal flips. The
            study also dilates the masks, see
            :class:`~cxrclf.preprocessing.MaskDilation`.
        **parameters
            Parameters of the class. They replace parameters of the preset.

        Returns
        -------
        UNetSegmenter

        Raises
        ------
        ValueError
            If there is no preset with this name.
        """
        return cls(**preset_parameters(name) | parameters)

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; or pixels as an (n, H, W) or (n, H, W, C) array.
        y : array-like
            Masks: files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; several files per image as an (n, k) array or a data
            frame, where the mask is their union; or pixels as an (n, H, W) array of
            bool, of 0 and another value, or of `labels`. :func:`cxrclf.masks.read_mask`
            describes how a file is read. A mask file may have another size than its
            image, but must have the same aspect ratio. Arrays of images and masks must
            have the same size.
        sample_weight : array-like of shape (n,), default=None
            Relative weights of the images. They are scaled to a mean of 1.
        groups : array-like of shape (n,), default=None
            Patient ids. None may be missing. `validation_fraction` does not divide a
            patient.
        X_val, y_val : array-like, default=None
            Validation set, in any form of X and y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            If files cannot be read or are no masks. The error names all of them.
        WeightsError
            If the weights cannot be downloaded or read, or do not fit the network.
        ValueError
            If a parameter, X, y or groups is invalid, if ids are missing, or if a mask
            has another aspect ratio than its image.
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
            groups = check_groups(groups, len(train.images))
            validation = None
            if check_validation(X_val, y_val):
                validation = self._examples(X_val, y_val)
            start = "optimizer" if go_on else "network"
            self._train(train, validation, start=start, groups=groups)
        return self

    def _examples(self, X, y, sample_weight=None, *, reset=False):
        """Return checked images and masks as Examples."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, the "
                "masks of the images, but the target y is None."
            )
        images = self._check_images(X, reset=reset)
        if images.is_copy.any():
            raise ValueError(
                "X has transformed copies of files from a sampler, but their masks are "
                "not transformed. Use the augmentation of the segmenter."
            )
        masks = MaskInput.from_y(y, labels=self.labels)
        check_pairs(images, masks, self.image_size_, self.keep_aspect_ratio)
        sample_weight = check_sample_weight(sample_weight, len(images))
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
                "keep_aspect_ratio=True pads files and no arrays, but X has images of "
                f"{size}, another shape than image_size={self.image_size_}. Pass "
                "files or padded images, or set keep_aspect_ratio=False."
            )
        return images

    def _check_color(self, images):
        if self.encoder is None:
            raise ValueError(
                f"X has images of {images.sample_shape[2]} channels, but this "
                f"{type(self).__name__} was fitted on gray images. Pass gray images."
            )
        super()._check_color(images)

    def _task(self):
        return Task(
            loss=partial(MaskLoss, self.loss),
            score_name="dice",
            score=sum_of_dice,
            activation=_activate,
            decide=self._decide,
        )

    def _decide(self, probabilities):
        """Convert probabilities, (b, C, H, W), to numbers of classes, (b, H, W)."""
        return np.stack([self._decide_image(image) for image in probabilities])

    def _decide_image(self, probabilities):
        if len(probabilities) == 1:
            codes = (probabilities[0] >= self.threshold).view(np.uint8)
        else:
            codes = probabilities.argmax(axis=0).astype(np.uint8)
        return clean_mask(codes, self.largest_components, self.fill_holes)

    def _body_factor(self):
        # A decoder needs other features than a classifier, so that the encoder learns
        # at the full rate.
        return 1.0

    def _default_image_size(self):
        return _DEFAULT_SIZE

    def _make_module(self, weights):
        in_channels = self._in_channels()
        if self.encoder is None and not has_color(self.input_shape_):
            in_channels = 1
        return make_unet(
            self.encoder,
            weights=weights,
            depth=self.depth,
            width=self.width,
            batch_norm=self.batch_norm,
            upsampling=self.upsampling,
            in_channels=in_channels,
            n_classes=len(self.classes_),
            image_size=self.image_size_,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


def _activate(outputs):
    """Convert outputs, (b, C, H, W), to probabilities."""
    # In single precision, because double precision takes seven times as long.
    outputs = outputs.astype(np.float32)
    return expit(outputs) if outputs.shape[1] == 1 else softmax(outputs, axis=1)
