"""CXRClassifier: a convolutional network as a scikit-learn classifier."""

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.data import Examples
from cxrclf._training.feature_cache import make_cache
from cxrclf._training.feature_policy import FeaturePolicy
from cxrclf._training.targets import ClassTargets
from cxrclf._training.weights import SampleWeights
from cxrclf.classification._backbones import (
    check_backbones,
    is_several,
    largest_image_size,
    make_backbones,
)
from cxrclf.classification._labels import (
    CLASSIFICATION,
    check_groups,
    check_labels,
    check_phases,
    check_sample_weight,
    check_validation,
    encode_labels,
)
from cxrclf.nets import ClassificationNetwork, Head


class CXRClassifier(ClassifierMixin, ImageEstimator):
    """Classify chest radiographs with any network of timm.

    A network pretrained on photographs gets a new head for the classes in y, and is
    trained on radiographs: the head alone, the last stages, or the whole. X are image
    files or arrays; nothing has to be resized, scaled or normalised beforehand.
    Integer pixels are scaled by their type's maximum; float pixels are taken to be in
    [0, 1].

    Read more in the :ref:`User Guide <classification>`.

    Parameters
    ----------
    backbone : str, default="tf_efficientnet_lite0"
        A model name of timm, or a paper's name for it: ``"xception"``,
        ``"resnet50v2"``, ``"densenet201"``, ...
    weights : None, "imagenet", path-like or mapping, default="imagenet"
        Initial weights of the backbone: random, pretrained on ImageNet, a file
        (``.safetensors``, or ``.pth`` of tensors only), or a state dict.
    trainable : {"all", "head"} or int, default="head"
        What is trained: the whole network, the new head, or the head and that many of
        the backbone's last stages. A frozen part runs in inference mode.
    hidden_units : int or None, default=None
        Width of a fully connected layer with ReLU between pooling and output; None
        for a linear head.
    dropout : float, default=0.0
        Dropout before the output layer, in [0, 1).
    pointwise_channels : int or None, default=None
        Channels of a 1 × 1 convolution with ReLU before pooling; None for none.
    pooling : {"mean", "flatten"}, default="mean"
        Average the feature map, or flatten it, which takes far more weights [2]_.
    normalization : {"backbone", "unit"}, default="backbone"
        ``"backbone"`` gives the backbone the mean and standard deviation that it was
        pretrained with; ``"unit"`` leaves pixels in [0, 1].
    image_size : int, (int, int) or None, default=None
        Height and width that the network gets, in pixels. None is the backbone's own
        for files, and the size that they have for arrays.
    image_shape : (int, int) or (int, int, int) or None, default=None
        (H, W) or (H, W, C) of images that come as rows of a 2-D array. Without it a
        row of F values is a 1 × 1 image of F channels.
    keep_aspect_ratio : bool, default=False
        Pad files to `image_size` instead of stretching them.
    augmentation : Augmentation or None, default=None
        Random views that are drawn anew in each epoch.
    n_views : int or None, default=None
        Different views that an image has: epoch e takes view e modulo `n_views`. None
        is one an epoch, without repeats. With a frozen body the time of a training is
        that of its different views.
    class_weight : None, "balanced" or dict, default=None
        Weighs the loss of class c by w(c) = C_c Σn / (N n_c), with n_c training samples
        of the class and N classes [1]_. A dict gives the class constants C_c, those
        of missing classes are 1; ``"balanced"`` is 1 for all. Note that a dict is thus
        relative to ``"balanced"``. As in Keras, the weighted losses are averaged over
        the samples of a batch.
    optimizer : {"adam", "adamw", "nadam", "sgd"}, default="adam"
        Nadam is that of Keras 2.
    learning_rate : float, default=1e-3
        Of the head.
    body_learning_rate : float or None, default=None
        Of the trainable part of the backbone; None is a tenth of `learning_rate`.
    learning_rate_schedule : {"constant", "cosine", "linear", "step"} or callable, \
            default="constant"
        ``"cosine"`` and ``"linear"`` fall towards 0, ``"step"`` divides by 10 after a
        half and after three quarters of the epochs. A callable takes (epoch,
        max_epochs) and returns a factor.
    max_epochs : int, default=20
        Passes over the data in a call of `fit` or `partial_fit`.
    head_epochs : int, default=0
        The first of these epochs, in which the head alone is trained.
    batch_size : int, default=16
        Samples a step.
    balanced_batches : bool, default=False
        Whether each batch takes as many samples from each class. An epoch then has as
        many samples as ever, those of rare classes repeatedly, each repeat with a view
        of its own; within a class none comes again before all others have come, also
        across the epochs of a `fit` or of a phase.
    validation_fraction : float or None, default=None
        Part of the patients (`groups` of `fit`) or else of the distinct images that
        is held out to choose the best epoch; patients who share an image count as
        one. Transformed copies of files (:class:`~cxrclf.augmentation.AugmentedPath`)
        are not validated on. None trains on all rows.
    early_stopping : bool, default=False
        Stop when `monitor` has not improved by `tol` for `n_iter_no_change` epochs.
        Needs a validation set.
    n_iter_no_change : int, default=10
        Epochs that early stopping waits.
    tol : float, default=1e-4
        What early stopping counts as an improvement.
    monitor : {"valid_loss", "valid_accuracy"}, default="valid_loss"
        What the best epoch is best in.
    keep_best : bool, default=True
        End with the weights of the best epoch where there is a validation set.
    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights, with a new optimiser.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order, views and dropout. The global generators are
        neither used nor changed.
    n_threads : int or None, default=None
        Number of processor threads of a call. None stands for torch's own number,
        which joblib lowers in its workers. In a forked process one thread computes a
        layer, whatever the number. See Notes.
    device : str or torch.device, default="auto"
        ``"auto"`` is CUDA where there is one, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Precision of the body; the head computes in float32 at least. ``"auto"`` is
        bfloat16 where the processor is faster in it: on a GPU that has it, and on a CPU
        with AMX or an AMD CPU with AVX512-BF16. Elsewhere it is float32. See
        ``precision_``.
    compile : bool, default=False
        Compile the backbone with ``torch.compile``, which takes a C++ compiler and a
        minute or more for each new network, number of threads and size of images.
    cache_dir : path-like or None, default=None
        Folder where decoded files and features stay for later runs. None shares them
        between the folds and workers of this process, and removes them at its end.
    feature_bank : {"disk", "memory"} or None, default="disk"
        Where the features that a frozen body gives are kept for other epochs, folds
        and candidates: in files, shared by processes, or in the memory of this one.
        None computes them anew. Views are found again under an int `random_state` only.
        With some stages trained, the maps of the frozen ones
        are kept where the network can be cut there, where reading them is faster than
        computing them, and where those of a training fit; see ``banked_``.
    feature_bank_bytes : int, default=4 * 2**30
        Largest size of the bank in bytes. Features used last are kept. 2 GiB of the
        disk stay free in any case, or a tenth of a small one.
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
        The sorted class labels.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the torch module.
    history_ : dict of str to list
        A value an epoch: ``epoch``, ``train_loss``, ``train_accuracy``,
        ``learning_rate``, ``duration`` (seconds); with a validation set,
        ``valid_loss`` and ``valid_accuracy``; in a training of several phases,
        ``phase``, from 1.
    n_epochs_ : int
        Epochs done.
    banked_ : {"features", "maps"} or None
        What the feature bank holds: what the head takes of a frozen body, the maps
        between frozen and trained stages, or nothing.
    best_epoch_ : int
        The epoch, from 1, that was best on the validation set, if there was one.
    precision_ : {"float32", "bfloat16", "float64"}
        Precision in which the body computes, as ``precision`` or its rule chose it.
    image_size_ : (int, int)
        Height and width that the network gets.
    input_shape_ : tuple of int or None
        Shape of a sample in pixels; None for files.
    n_features_in_ : int
        Number of columns, where X is a 2-D numeric array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X is a numeric data frame.

    See Also
    --------
    DualBackboneConcat : Several backbones side by side.
    cxrclf.Augmentation : Random views of the training images.
    cxrclf.sampling.PhasedClassifier : Training in balanced phases.
    cxrclf.images.ImageReader : The decoding, as a transformer.

    Notes
    -----
    On one machine, the same `random_state` gives the same model, and an image has the
    same prediction whatever the other images of X are. With a frozen body that holds
    to the last digit for any number of threads, in this process, in joblib's workers
    and in its threads. Where layers of the backbone are trained, several threads share
    a sum, which is then rounded differently: set ``n_threads=1`` for equality to the
    last digit. A single image is predicted by all threads together, for speed, and is
    equal but for rounding. Another machine agrees but for rounding, at the same
    ``precision``. See the User Guide on repeatability.

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
            Relative weights of the samples; over those of a phase, or of the training,
            their mean is set to 1.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.
        phases : list of array-like of int, default=None
            Row numbers of X. The rows of each phase are trained on for `max_epochs`
            epochs, one phase after another; weights, optimiser and epoch count carry
            on. Class weights are those of the phase; the best epoch and early stopping
            are those of the whole training. What
            :class:`~cxrclf.sampling.PhasedClassifier` gives.
        restart_schedule : bool, default=False
            Whether the learning-rate schedule begins anew in each phase, instead of
            spanning them all.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            Naming all unreadable files.
        WeightsError
            If the weights cannot be had or do not fit.
        ValueError
            If a parameter, X or y is out of its range.
        """
        with self._all_or_nothing():
            self._check_parameters(X_val is not None or y_val is not None)
            y = check_labels(y, X, self)
            go_on = self.warm_start and hasattr(self, "net_")
            images = self._check_images(X, reset=not go_on)
            classes = np.unique(y)
            if len(classes) < 2:
                raise ValueError(
                    f"y has one class only, {classes.tolist()}: a classifier needs at "
                    "least two classes."
                )
            if go_on:
                self._check_same_classes("warm_start", classes)
            self.classes_ = classes
            train = self._examples(images, y, sample_weight)
            phases = None if phases is None else check_phases(phases, len(y))
            groups = check_groups(groups, len(y))
            validation = None
            if check_validation(X_val, y_val):
                images = self._check_images(X_val, reset=False)
                validation = self._examples(images, check_labels(y_val, X_val, self))
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

        Weights, optimiser and epoch count carry on, so that the samples of another
        call may be others. A change of ``learning_rate`` or another parameter of the
        optimiser begins a new optimiser. Validation sets are not used.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`. With `class_weight` each call weighs its own samples, and
            needs some of every class.
        classes : array-like of shape (n_classes,), default=None
            All classes that later calls may bring; needed in the first call if y
            lacks some.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with self._all_or_nothing():
            self._check_parameters(has_validation=False)
            if self.validation_fraction is not None:
                raise ValueError(
                    "partial_fit holds no validation set out, because another call "
                    "might train on it. Set validation_fraction=None."
                )
            y = check_labels(y, X, self)
            first = not hasattr(self, "net_")
            images = self._check_images(X, reset=first)
            if first:
                self.classes_ = np.unique(y if classes is None else classes)
            else:
                classes = self.classes_ if classes is None else np.unique(classes)
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
        return self.classes_[self._task().decide(self.predict_proba(X))]

    def _examples(self, images, y, sample_weight=None):
        """Return checked images and labels as what a training needs of them."""
        codes = encode_labels(y, self.classes_)
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
            warnings.warn(
                "class_weight and balanced_batches both balance the classes: together "
                "they count the rare ones twice. Set one of them.",
                stacklevel=3,
            )

    def _check_same_classes(self, what, classes):
        """Refuse to go on with a net of other classes or another architecture."""
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{what} needs the classes of the fit before, "
                f"{self.classes_.tolist()}; now they are {classes.tolist()}."
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
        # The head alone is too small for more than one.
        return 1 if self.trainable in ("head", 0) else super()._n_training_threads()

    def _record(self, progress, policy, n_phases):
        super()._record(progress, policy, n_phases)
        self.feature_cache_ = policy.kept

    def _default_image_size(self):
        return largest_image_size(self.backbone)

    def _make_module(self, weights):
        several = is_several(self.backbone)
        backbone = make_backbones(
            self.backbone,
            weights,
            normalization=self.normalization,
            in_channels=self._in_channels(),
            image_size=self.image_size_,
        )
        flatten_size = None
        if self.pooling == "flatten":
            flatten_size = backbone.map_size(self.image_size_)
        head = Head(
            backbone.num_features,
            len(self.classes_),
            hidden_units=self.hidden_units,
            dropout=self.dropout,
            pointwise_channels=self.pointwise_channels,
            pointwise_relu=not several,
            flatten_size=flatten_size,
        )
        # Several backbones normalize each in its own way.
        normalization = "unit" if several else self.normalization
        return ClassificationNetwork(backbone, head, normalization=normalization)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
