"""CXRClassifier: a convolutional network as a scikit-learn classifier."""

import os
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    column_or_1d,
)

from cxrclf._utils._paths import as_paths
from cxrclf.nets import Head, ImageClassifier, default_image_size, make_backbone
from cxrclf.training import ImageEstimator, training_weights


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
        Factors on the loss of each class; missing classes count 1. As in Keras, the
        weighted losses are averaged over the samples of a batch.
    optimizer : {"adam", "adamw", "nadam", "sgd"}, default="adam"
        Nadam is that of Keras 2.
    learning_rate : float, default=1e-3
        Of the head.
    body_learning_rate : float or None, default=None
        Of the trainable part of the backbone; None is a tenth of `learning_rate`.
    weight_decay : float, default=0.0
        Added to the gradient as a multiple of the weights; decoupled for ``"adamw"``.
    decay_bias_and_norm : bool, default=False
        Whether biases and normalisation parameters decay as well.
    momentum : float, default=0.9
        Of ``"sgd"``, in [0, 1).
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
    validation_fraction : float or None, default=None
        Part of the patients (`groups` of `fit`) or else of the distinct images that
        is held out to choose the best epoch; patients who share an image count as
        one. None trains on all rows.
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
        Processor threads of a call; None is torch's own number, which joblib lowers
        in its workers. See Notes.
    device : str or torch.device, default="auto"
        ``"auto"`` is CUDA where there is one, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Of the body; the head computes in float32 at least. ``"auto"`` is bfloat16
        where the hardware has it.
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
        started again after a kill, goes on from there to the same weights. Needs an
        int `random_state`.
    log_dir : path-like or None, default=None
        Folder for TensorBoard logs of each epoch.
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
        ``learning_rate``, ``duration`` (seconds) and, with a validation set,
        ``valid_loss`` and ``valid_accuracy``.
    n_epochs_ : int
        Epochs done.
    banked_ : {"features", "maps"} or None
        What the feature bank holds: what the head takes of a frozen body, the maps
        between frozen and trained stages, or nothing.
    best_epoch_ : int
        The epoch, from 1, that was best on the validation set, if there was one.
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
    cxrclf.Augmentation : Random views of the training images.
    cxrclf.imaging.ImageReader : The decoding, as a transformer.

    Notes
    -----
    The same `random_state` gives the same predictions on the same machine. With a
    frozen body that holds for any number of threads, and so in this process as in
    joblib's process workers. Where layers of the backbone are trained, torch shares
    their sums out between threads, and another number of threads rounds them
    differently: set ``n_threads=1`` to compare ``n_jobs=1`` with more workers to the
    last digit. Threads share torch's generator: with joblib's threading backend
    dropout is not repeatable.

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
        "backbone": [str],
        "weights": [None, str, Path, Mapping],
        "hidden_units": [None, Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pointwise_channels": [None, Interval(Integral, 1, None, closed="left")],
        "normalization": [StrOptions({"backbone", "unit"})],
        "class_weight": [None, StrOptions({"balanced"}), dict],
    }

    _network_parameters = (
        "backbone",
        "hidden_units",
        "dropout",
        "pointwise_channels",
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
        weight_decay=0.0,
        decay_bias_and_norm=False,
        momentum=0.9,
        learning_rate_schedule="constant",
        max_epochs=20,
        head_epochs=0,
        batch_size=16,
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
        feature_bank="disk",
        feature_bank_bytes=4 * 2**30,
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
        self.feature_bank = feature_bank
        self.feature_bank_bytes = feature_bank_bytes
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
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
            Relative weights of the samples; over all of them their mean is set to 1.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.

        Returns
        -------
        self : CXRClassifier

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
            self._fit(X, y, sample_weight, groups, X_val, y_val)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for `max_epochs` more epochs on these samples.

        Weights, optimiser and epoch count carry on, so that the samples of another
        call may be others. A change of ``learning_rate`` or another parameter of the
        optimiser begins a new optimiser. Validation sets are not used.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes that later calls may bring; needed in the first call if y
            lacks some.

        Returns
        -------
        self : CXRClassifier
        """
        with self._all_or_nothing():
            self._partial_fit(X, y, classes, sample_weight)
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
            In the order of ``classes_``.
        """
        return softmax(self._outputs(X), axis=1)

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n,)
        """
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def _fit(self, X, y, sample_weight, groups, X_val, y_val):
        self._check_settings(X_val is not None or y_val is not None)
        y = self._check_y(X, y)
        go_on = self.warm_start and hasattr(self, "net_")
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(
                f"y has one class only, {classes.tolist()}: a classifier needs at "
                "least two classes."
            )
        if go_on:
            self._check_same_network("warm_start", classes)
        self.classes_ = classes
        codes, weights = self._check_targets(y, sample_weight)
        groups = None if groups is None else column_or_1d(groups)
        check_consistent_length(codes, groups)
        checked = self._check_images(X, reset=not go_on)
        X_val, codes_val = self._check_validation(X_val, y_val)
        self._train(
            checked,
            codes,
            weights,
            fresh="optimizer" if go_on else "net",
            groups=groups,
            X_val=X_val,
            codes_val=codes_val,
        )

    def _partial_fit(self, X, y, classes, sample_weight):
        self._check_settings(has_validation=False)
        if self.validation_fraction is not None:
            raise ValueError(
                "partial_fit holds no validation set out, because another call might "
                "train on it. Set validation_fraction=None."
            )
        y = self._check_y(X, y)
        first = not hasattr(self, "net_")
        if first:
            self.classes_ = np.unique(y if classes is None else classes)
        else:
            classes = self.classes_ if classes is None else np.unique(classes)
            self._check_same_network("partial_fit", classes)
        codes, weights = self._check_targets(y, sample_weight)
        checked = self._check_images(X, reset=first)
        self._train(checked, codes, weights, fresh="net" if first else None)

    def _check_same_network(self, what, classes):
        """Refuse to go on with a net of other classes or another architecture."""
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{what} needs the classes of the fit before, "
                f"{self.classes_.tolist()}; now they are {classes.tolist()}."
            )
        changed = self._changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"{what} goes on with the network of the fit before, and {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_y(self, X, y):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        if isinstance(X, (str, os.PathLike)):
            as_paths(X)  # says that one path has to be put in a list
        y = column_or_1d(y, warn=True)
        if len(y) == 0:
            raise ValueError("X and y have no samples. Give at least two images.")
        assert_all_finite(y, input_name="y")
        check_consistent_length(X, y)
        check_classification_targets(y)
        return y

    def _check_targets(self, y, sample_weight):
        """Return class codes and weights."""
        codes = self._codes(y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, np.empty((len(y), 1)), dtype=np.float64
            )
        return codes, training_weights(
            y, self.classes_, self.class_weight, sample_weight
        )

    def _check_validation(self, X_val, y_val):
        if X_val is None and y_val is None:
            return None, None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val are given together or not at all.")
        codes = self._codes(self._check_y(X_val, y_val))
        return self._check_images(X_val, reset=False), codes

    def _codes(self, y):
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has labels that are not among the classes "
                f"{self.classes_.tolist()}: {unknown.tolist()}."
            )
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _fitted_state(self):
        classes = {"values": self.classes_.tolist(), "dtype": self.classes_.dtype.str}
        return {**super()._fitted_state(), "classes": classes}

    def _set_fitted_state(self, state):
        state = dict(state)
        classes = state.pop("classes")
        super()._set_fitted_state(state)
        self.classes_ = np.array(classes["values"], dtype=classes["dtype"])

    def _default_image_size(self):
        return default_image_size(self.backbone)

    def _make_module(self, weights):
        backbone = make_backbone(
            self.backbone,
            weights=weights,
            in_channels=self._n_channels(self.input_shape_),
            image_size=self.image_size_,
        )
        head = Head(
            backbone.num_features,
            len(self.classes_),
            hidden_units=self.hidden_units,
            dropout=self.dropout,
            pointwise_channels=self.pointwise_channels,
        )
        return ImageClassifier(backbone, head, normalization=self.normalization)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
