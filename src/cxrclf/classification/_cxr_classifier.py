"""CXRClassifier: a convolutional network as a scikit-learn classifier."""

from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._estimators.fit_arguments import check_sample_weight, check_validation
from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.data import Examples
from cxrclf._training.feature_cache import make_cache
from cxrclf._training.feature_policy import FeaturePolicy
from cxrclf._training.targets import ClassTargets
from cxrclf._training.weights import SampleWeights
from cxrclf._utils.groups import check_groups
from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import as_labels
from cxrclf._utils.user_warnings import warn_user
from cxrclf.classification._labels import (
    CLASSIFICATION,
    check_image_labels,
    check_phases,
    encode_labels,
)
from cxrclf.classification._network import (
    check_backbones,
    largest_image_size,
    make_network,
)


class CXRClassifier(ClassifierMixin, ImageEstimator):
    """Classify chest radiographs with any network of timm.

    A network that was pretrained on photographs gets a new head for the classes in y.
    Then the head, the last stages or the whole network are trained on radiographs.
    X consists of image files or arrays. The classifier resizes, scales and normalizes
    the images. Integer pixels are divided by the maximum of their type; float
    pixels must be in [0, 1].

    Read more in the :ref:`User Guide <classification>`.

    Parameters
    ----------
    backbone : str or sequence of str, default="tf_efficientnet_lite0"
        Name of a network of timm, or the name that a paper uses for it: ``"xception"``,
        ``"resnet50v2"``, ``"densenet201"``, ... With several names, all networks see
        the same image, and their last feature maps are concatenated along the
        channels.
    weights : None, "imagenet", path-like, mapping or sequence, default="imagenet"
        Initial weights of the backbone: None for random weights, the weights pretrained
        on ImageNet, a file (``.safetensors``, or ``.pth`` with tensors only), or a
        state dict. For several backbones, a sequence has one entry per backbone.
    trainable : {"all", "head"} or int, default="head"
        Part of the network that is trained: the whole network, the new head, or the
        head and this number of the backbone's last stages. The rest is frozen: it runs
        in inference mode.
    hidden_units : int or None, default=None
        Number of units of a fully connected layer with ReLU between pooling and output.
        None leaves the layer out.
    dropout : float, default=0.0
        Dropout probability before the output layer, in [0, 1).
    pointwise_channels : int or None, default=None
        Number of channels of a 1 × 1 convolution before pooling. None leaves the
        convolution out. A ReLU follows it, but not with several backbones [2]_.
    pooling : {"mean", "flatten"}, default="mean"
        Whether the feature map is averaged or flattened before the output layer.
        Flattening needs many more weights [2]_.
    normalization : {"backbone", "unit"}, default="backbone"
        Normalization of the pixels. ``"backbone"`` uses the mean and standard deviation
        with which each backbone was pretrained; ``"unit"`` leaves pixels in [0, 1].
    image_size : int, (int, int) or None, default=None
        Height and width of the images that the network gets, in pixels. If None, arrays
        remain at their size, and files are resized to the size for which the backbone
        was designed (the largest one of several backbones).
    image_shape : (int, int) or (int, int, int) or None, default=None
        (H, W) or (H, W, C) of images that are rows of a 2-D array. Without it a row of
        F values is a 1 × 1 image of F channels.
    keep_aspect_ratio : bool, default=False
        Whether files are padded to `image_size` instead of being stretched to it.
    bits_stored : int or None, default=None
        Number of bits that pixels of more than 8 bits use, from 2 to 16. For example,
        12 for radiographs of 12 bits that were saved as 16-bit files, or that are a
        uint16 array. The pixels are then scaled to the full range. By default they use
        all bits. DICOM files contain this number, and 8-bit pixels do not need it.
    augmentation : Augmentation or None, default=None
        Random transformations of the training images. An image gets a new view in each
        epoch.
    n_views : int or None, default=None
        Number of different views of an image: epoch e uses view e modulo `n_views`.
        None uses a new view in each epoch. With a frozen body the training time grows
        with the number of different views.
    class_weight : None, "balanced" or dict, default=None
        Weights of the classes in the loss: w(c) = C_c Σn / (N n_c) for class c, with
        n_c training samples of the class and N classes [1]_. A dict has the class
        constants C_c; classes that are not in the dict have the constant 1. Within a
        meta-estimator the dict may have to name all classes, see Notes. With
        ``"balanced"`` all constants are 1. As in Keras, the weighted losses are
        averaged over the samples of a batch.
    optimizer : {"adam", "adamw", "nadam", "sgd"} or Optimizer, default="adam"
        Optimizer of the training. ``"nadam"`` is the Nadam of Keras 2. Use an
        :class:`~cxrclf.optimizers.Optimizer` to set weight decay or momentum.
    learning_rate : float, default=1e-3
        Learning rate of the head.
    body_learning_rate : float or None, default=None
        Learning rate of the trainable part of the backbone. If None, it is a tenth of
        `learning_rate`.
    learning_rate_schedule : {"constant", "cosine", "linear", "step"} or callable, \
            default="constant"
        Factor on the learning rates in each epoch. ``"cosine"`` and ``"linear"`` fall
        towards 0. ``"step"`` divides by 10 after a half and after three quarters of the
        epochs. A callable gets (epoch, max_epochs) and returns the factor.
    max_epochs : int, default=20
        Number of passes over the training data in a call of `fit` or `partial_fit`.
    head_epochs : int, default=0
        Number of epochs at the beginning in which the head alone is trained. They count
        as part of `max_epochs`.
    batch_size : int, default=16
        Number of samples per optimizer step.
    balanced_batches : bool, default=False
        Whether each batch has the same number of samples per class. The number of
        samples per epoch does not change. Samples of rare classes are repeated, each
        time with another view. No sample is repeated before all other samples of its
        class were used, also across the epochs of a `fit` or of a phase.
    validation_fraction : float or None, default=None
        Fraction of the patients (`groups` of `fit`), or else of the distinct images,
        that is held out to choose the best epoch. Patients who share an image count as
        one. Transformed copies of files (:class:`~cxrclf.augmentation.AugmentedPath`)
        are not held out. None trains on all rows.
    early_stopping : bool, default=False
        Whether the training stops when `monitor` has not improved by `tol` for
        `n_iter_no_change` epochs. Early stopping needs a validation set.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends the
        training.
    tol : float, default=1e-4
        Smallest change of `monitor` that early stopping counts as an improvement.
    monitor : {"valid_loss", "valid_accuracy"}, default="valid_loss"
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
    precision : {"auto", "float32", "bfloat16", "float64", "int8"}, default="auto"
        Type of the numbers in which the body computes. The head computes in float32 or
        float64. ``"auto"`` chooses bfloat16 where the processor is faster with it: on a
        GPU with bfloat16, on a CPU with AMX, and on an AMD CPU with AVX512-BF16.
        Elsewhere it chooses float32. ``"int8"`` computes a frozen body in integers of
        8 bits with ONNX Runtime, on a CPU. See ``precision_``.
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        Library that computes predictions and the features of a frozen body on a CPU.
        ``"onnxruntime"`` computes in float32 and image by image, so that values do not
        depend on the number of images or threads. It needs
        ``pip install "cxrclf[fast]"``. The first use of a network at an image size
        takes seconds, see :ref:`engine`. ``"auto"`` chooses ONNX Runtime where it is
        installed and faster. See ``engine_``.
    compile : bool, default=False
        Whether ``torch.compile`` compiles the backbone. It needs a C++ compiler, and a
        minute or more for each new network, number of threads and image size.
    cache_dir : path-like or None, default=None
        Folder of decoded files and cached features for later runs. None shares them
        between the folds and workers of this process, and removes them at its end.
    feature_cache : {"disk", "memory"} or None, default="disk"
        Where features of the frozen part are kept for other epochs, folds and
        candidates: in files that processes share, or in the memory of this process.
        None computes them in each epoch. Augmented views are found again with an int
        `random_state` only. With some stages trained, the cached features are maps of
        the frozen stages; maps are cached if the network can be cut there, if reading
        them is faster than computing them, and if all of them fit. See
        ``feature_cache_``.
    feature_cache_bytes : int, default=4 * 2**30
        Maximum size of the feature cache in bytes. The features used longest ago are
        removed first. 2 GiB of the disk, or a tenth of a small disk, always stay free.
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
        Sorted class labels.
    net_ : skorch.NeuralNet
        Trained net. ``net_.module_`` is the torch module. ``net_.predict`` and
        ``net_.predict_proba`` take images as arrays or tensors; `predict` returns
        positions in ``classes_``. ``net_.history`` has one row per epoch.
    history_ : dict of str to list
        One value per epoch: ``epoch``, ``train_loss``, ``train_accuracy``,
        ``learning_rate``, ``duration`` (seconds); with a validation set also
        ``valid_loss`` and ``valid_accuracy``; in a training of several phases also
        ``phase``, which starts at 1. The value is NaN for epochs without a validation
        set or without phases.
    n_epochs_ : int
        Number of epochs that were trained.
    feature_cache_ : {"features", "maps"} or None
        Content of the feature cache: the features that the head gets from a frozen
        body, the maps between frozen and trained stages, or nothing.
    best_epoch_ : int
        Number of the epoch, starting at 1, that was best on the validation set. It
        exists if there was a validation set.
    engine_ : {"torch", "onnxruntime"}
        Library that computes predictions and the features of a frozen body.
    precision_ : {"float32", "bfloat16", "float64", "int8"}
        Type of the numbers in which the body computes.
    image_size_ : (int, int)
        Height and width of the images that the network gets.
    input_shape_ : tuple of int or None
        Shape of a sample in pixels; None for files.
    n_features_in_ : int
        Number of columns, if X is a 2-D numeric array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a numeric data frame.

    See Also
    --------
    DualBackboneConcat : Several backbones side by side.
    cxrclf.Augmentation : Random views of the training images.
    cxrclf.sampling.PhasedClassifier : Training in balanced phases.
    cxrclf.images.ImageReader : The decoding, as a transformer.

    Notes
    -----
    On one machine, the same `random_state` leads to the same model. The prediction for
    an image does not depend on the other images of X. With a frozen body both hold to
    the last digit for any number of threads, in this process, in joblib's workers and
    in its threads. If layers of the backbone are trained, several threads share a sum,
    and another number of threads rounds differently: set ``n_threads=1`` for equality
    to the last digit. All threads together predict a single image, because this is
    faster; its prediction is equal except for rounding. Another machine agrees except
    for rounding, at the same ``precision``. See the User Guide on repeatability.

    ``VotingClassifier`` and other meta-estimators replace labels by the ints 0, 1, ...
    before they fit this classifier. A dict as `class_weight` that names the labels of
    the data is then an error. For the labels 1 and 2, ``{1: 5}`` would apply to the
    label 2. Therefore a dict must have all classes within them. See
    :ref:`encoded_labels`.

    References
    ----------
    .. [1] N. S. Punn, S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2021.
    .. [2] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked
       19, 100360, 2020.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(24, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=2, random_state=0)
    >>> clf.fit(data.images, data.target).predict_proba(data.images[:2]).shape
    (2, 3)
    """

    _parameter_constraints = {
        **ImageEstimator._parameter_constraints,
        "backbone": [str, tuple, list],
        "weights": [None, str, Path, Mapping, tuple, list],
        "hidden_units": [None, Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pointwise_channels": [None, Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"mean", "flatten"})],
        "normalization": [StrOptions({"backbone", "unit"})],
        "n_views": [None, Interval(Integral, 1, None, closed="left")],
        "class_weight": [None, StrOptions({"balanced"}), dict],
        "image_shape": [None, tuple, list],
        "balanced_batches": ["boolean"],
        "monitor": [StrOptions({"valid_loss", "valid_accuracy"})],
        "feature_cache": [None, StrOptions({"disk", "memory"})],
        "feature_cache_bytes": [Interval(Integral, 0, None, closed="left")],
    }
    _network_parameters = (
        "backbone",
        "hidden_units",
        "dropout",
        "pointwise_channels",
        "pooling",
        "normalization",
    )

    def __init__(
        self,
        backbone="tf_efficientnet_lite0",
        *,
        weights="imagenet",
        trainable="head",
        hidden_units=None,
        dropout=0.0,
        pointwise_channels=None,
        pooling="mean",
        normalization="backbone",
        image_size=None,
        image_shape=None,
        keep_aspect_ratio=False,
        bits_stored=None,
        augmentation=None,
        n_views=None,
        class_weight=None,
        optimizer="adam",
        learning_rate=1e-3,
        body_learning_rate=None,
        learning_rate_schedule="constant",
        max_epochs=20,
        head_epochs=0,
        batch_size=16,
        balanced_batches=False,
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
        feature_cache="disk",
        feature_cache_bytes=4 * 2**30,
        checkpoint_dir=None,
        log_dir=None,
        verbose=0,
    ):
        self.backbone = backbone
        self.weights = weights
        self.trainable = trainable
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.pointwise_channels = pointwise_channels
        self.pooling = pooling
        self.normalization = normalization
        self.image_size = image_size
        self.image_shape = image_shape
        self.keep_aspect_ratio = keep_aspect_ratio
        self.bits_stored = bits_stored
        self.augmentation = augmentation
        self.n_views = n_views
        self.class_weight = class_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.body_learning_rate = body_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.max_epochs = max_epochs
        self.head_epochs = head_epochs
        self.batch_size = batch_size
        self.balanced_batches = balanced_batches
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
        self.feature_cache = feature_cache
        self.feature_cache_bytes = feature_cache_bytes
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.verbose = verbose

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        phases=None,
        restart_schedule=False,
    ):
        """Train the network.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; or pixels as an (n, H, W), (n, H, W, C) or flat (n, F)
            array.
        y : array-like of shape (n,)
            Class labels.
        sample_weight : array-like of shape (n,), default=None
            Relative weights of the samples. They are scaled to a mean of 1 over the
            training, or over each phase.
        groups : array-like of shape (n,), default=None
            Patient ids. None may be missing. `validation_fraction` does not divide a
            patient.
        X_val, y_val : array-like, default=None
            Validation set, in any form of X and y.
        phases : list of array-like of int, default=None
            Row numbers of X, an array for each phase, as
            :class:`~cxrclf.sampling.PhasedClassifier` passes them. The phases follow
            one another, with `max_epochs` epochs each. Weights, optimizer and epoch
            numbers continue from phase to phase. Class weights are computed for each
            phase. The best epoch and early stopping refer to the whole training.
        restart_schedule : bool, default=False
            Whether the learning-rate schedule starts again in each phase. By default
            one schedule spans all phases.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        WeightsError
            If the weights cannot be downloaded or read, or do not fit the network.
        ValueError
            If a parameter, X, y or groups is invalid, or if labels or ids are missing.

        Warns
        -----
        LabelWarning
            If labels differ only in case or blanks, or look like lists of labels or
            like missing labels.
        """
        with self._all_or_nothing():
            self._check_parameters(X_val is not None or y_val is not None)
            go_on = self.warm_start and hasattr(self, "net_")
            images = self._check_images(X, reset=not go_on)
            y = check_image_labels(y, images, self)
            classes = np.unique(y)
            if len(classes) < 2:
                raise ValueError(
                    f"y has one class only, {classes.tolist()}. A classifier needs at "
                    "least two classes."
                )
            if go_on:
                self._check_same_classes("warm_start", classes)
            self.classes_ = classes
            warn_of_labels(classes)
            train = self._examples(images, y, sample_weight)
            phases = None if phases is None else check_phases(phases, len(y))
            groups = check_groups(groups, len(y))
            validation = None
            if check_validation(X_val, y_val):
                images = self._check_images(X_val, reset=False)
                y_val = check_image_labels(y_val, images, self, "y_val")
                validation = self._examples(images, y_val, name="y_val")
            self._train(
                train,
                validation,
                start="optimizer" if go_on else "network",
                phases=phases,
                groups=groups,
                restart_schedule=restart_schedule,
            )
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for `max_epochs` more epochs on these samples.

        Weights, optimizer and epoch numbers continue from call to call. Each call may
        have other samples. If ``learning_rate`` or another parameter of the
        optimizer has changed, the call starts with a new optimizer. There is no
        validation set.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`. With `class_weight` the weights are computed for the
            samples of the call, which must have samples of every class.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls. The first call needs them if its y lacks some of
            them.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with self._all_or_nothing():
            self._check_parameters(has_validation=False)
            if self.validation_fraction is not None:
                raise ValueError(
                    "partial_fit cannot hold out a validation set, because another "
                    "call might train on it. Set validation_fraction=None."
                )
            first = not hasattr(self, "net_")
            images = self._check_images(X, reset=first)
            y = check_image_labels(y, images, self)
            if classes is not None:
                classes = np.unique(as_labels(classes, "classes"))
            if first:
                self.classes_ = np.unique(y) if classes is None else classes
                if len(self.classes_) < 2:
                    raise ValueError(
                        f"The first call of partial_fit has {self.classes_.tolist()} "
                        "as the only class. Pass classes with all classes of all calls."
                    )
                warn_of_labels(self.classes_)
            else:
                classes = self.classes_ if classes is None else classes
                self._check_same_classes("partial_fit", classes)
            train = self._examples(images, y, sample_weight)
            self._train(train, start="network" if first else "continue")
        return self

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Probabilities in the order of ``classes_``.
        """
        return np.concatenate(list(self._probabilities(self._images_to_predict(X))))

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n,)
            The most probable label of each image.
        """
        codes = self._task().decide(self.predict_proba(X))
        return self.classes_[codes]

    def _examples(self, images, y, sample_weight=None, name="y"):
        """Return checked images and labels as Examples."""
        codes = encode_labels(y, self.classes_, name)
        weights = SampleWeights(
            check_sample_weight(sample_weight, len(y)),
            labels=y,
            classes=self.classes_,
            class_weight=self.class_weight,
        )
        return Examples(images, ClassTargets(codes), weights)

    def _check_parameters(self, has_validation):
        super()._check_parameters(has_validation)
        check_backbones(self.backbone, self.weights)
        if self.balanced_batches and self.class_weight is not None:
            warn_user(
                "class_weight and balanced_batches both balance the classes: together "
                "they count the rare ones twice. Set only one of them."
            )

    def _check_same_classes(self, what, classes):
        """Raise an error if the classes or the parameters of the network changed."""
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{what} needs the classes of the earlier fit, "
                f"{self.classes_.tolist()}, but got {classes.tolist()}."
            )
        self._check_same_network(what)

    def _task(self):
        return CLASSIFICATION

    def _policy(self):
        cache = make_cache(self.feature_cache, self.feature_cache_bytes, self.cache_dir)
        return FeaturePolicy(
            cache, n_threads=self._n_forward_threads(), verbose=self.verbose
        )

    def _n_training_threads(self):
        # A head alone is too small for several threads.
        return 1 if self.trainable in ("head", 0) else super()._n_training_threads()

    def _record(self, progress, policy, n_phases):
        super()._record(progress, policy, n_phases)
        self.feature_cache_ = policy.kept

    def _default_image_size(self):
        return largest_image_size(self.backbone)

    def _make_module(self, weights):
        return make_network(
            self.backbone,
            weights,
            n_classes=len(self.classes_),
            hidden_units=self.hidden_units,
            dropout=self.dropout,
            pointwise_channels=self.pointwise_channels,
            pooling=self.pooling,
            normalization=self.normalization,
            in_channels=self._in_channels(),
            image_size=self.image_size_,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
