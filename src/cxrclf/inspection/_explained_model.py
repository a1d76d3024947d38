"""The model behind an estimator, as the methods of explanation see it."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.data import TrainingData
from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.forward import forward_batches
from cxrclf._training.precision import inference_batch_size
from cxrclf._training.prediction import predict_outputs
from cxrclf._training.samples import PixelSamples
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.meta_classifier import MetaClassifier
from cxrclf.images import ImageInput, ImageReader

_BATCH = 32  # images per call of predict_proba of a classifier without a network
_FILES_PER_PART = 64
_THRESHOLDS = FixedThresholdClassifier, TunedThresholdClassifierCV


class FoundNetwork(NamedTuple):
    """The classifier with a network inside an estimator.

    Attributes
    ----------
    inner : CXRClassifier or None
        The classifier. None if there is none, or more than one.
    steps : list of transformer
        Transformers that X passes before it reaches `inner`.
    same_decision : bool
        Whether the estimator predicts the most probable class of `inner`.
    same_probabilities : bool
        Whether the estimator predicts the probabilities of `inner`.
    """

    inner: ImageEstimator | None
    steps: list
    same_decision: bool
    same_probabilities: bool


def explain_model(estimator, X, size=None, *, needs_network=False):
    """Return the model of a fitted classifier, and its images.

    Parameters
    ----------
    estimator : classifier
        A classifier of this library, a wrapper around one (a pipeline, a search, a
        calibrated classifier, ...), or another classifier with ``predict_proba``.
    X : array-like
        Images, in any form that `estimator` accepts.
    size : (int, int), default=None
        Height and width at which files are read for a classifier without a network of
        this library.
    needs_network : bool, default=False
        Whether the network inside a wrapper is explained even if the wrapper changes
        its probabilities.

    Returns
    -------
    NetworkModel or PredictorModel

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is not a classifier with ``predict_proba``.
    """
    check_is_fitted(estimator)
    if not (is_classifier(estimator) and hasattr(estimator, "predict_proba")):
        raise TypeError(
            "Saliency maps need a classifier with predict_proba, got "
            f"{type(estimator).__name__}. {_describe_remedy(estimator)}"
        )
    inner, steps, same_decision, same_probabilities = find_network(estimator)
    if inner is None or not (same_probabilities or needs_network):
        return PredictorModel(estimator, X, size)
    padded_size, boxes = None, None
    if steps and isinstance(steps[0], ImageReader) and steps[0].keep_aspect_ratio:
        padded_size = check_image_size(steps[0].image_size)
    for step in steps:
        # A copy, because another thread may transform other images at the same time.
        step = copy.copy(step)
        X = step.transform(X)
        boxes = _compose(boxes, getattr(step, "boxes_", None))
    wrapper = None if same_decision else estimator
    return NetworkModel(inner, X, boxes, padded_size, wrapper)


def find_network(estimator):
    """Find the classifier with a network inside an estimator.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier.

    Returns
    -------
    FoundNetwork
    """
    steps, same_decision, same_probabilities = [], True, True
    none, inner = FoundNetwork(None, [], True, True), estimator
    while not isinstance(inner, ImageEstimator):
        if isinstance(inner, Pipeline):
            *transformers, (_, inner) = inner.steps
            steps += _flatten(transformers)
        elif hasattr(inner, "best_estimator_"):  # GridSearchCV and others
            inner = inner.best_estimator_
        elif isinstance(inner, MetaClassifier):
            inner = inner.estimator_
        elif isinstance(inner, FrozenEstimator):
            inner = inner.estimator
        elif isinstance(inner, _THRESHOLDS):
            inner, same_decision = inner.estimator_, False
        elif isinstance(inner, CalibratedClassifierCV):
            if len(inner.calibrated_classifiers_) > 1:
                return none
            inner = inner.calibrated_classifiers_[0].estimator
            same_decision = same_probabilities = False
        else:
            return none
    if not np.array_equal(inner.classes_, estimator.classes_):
        return none
    return FoundNetwork(inner, steps, same_decision, same_probabilities)


def _flatten(steps):
    """Return the transformers of a pipeline, also of the pipelines in it."""
    found = []
    for _, step in steps:
        if isinstance(step, Pipeline):
            found += _flatten(step.steps)
        elif hasattr(step, "transform"):  # samplers and "passthrough" have none
            found.append(step)
    return found


def _compose(boxes, later):
    """Return the boxes of images that were cropped twice, in the first images."""
    if boxes is None or later is None:
        return later if boxes is None else boxes
    first, last = boxes[:, [0, 2]], boxes[:, [1, 3]]
    composed = np.empty_like(boxes)
    composed[:, [0, 2]] = first + later[:, [0, 2]] * (last - first)
    composed[:, [1, 3]] = first + later[:, [1, 3]] * (last - first)
    return composed


def _describe_remedy(estimator):
    """Return what gives an estimator probabilities of classes."""
    if isinstance(estimator, ImageEstimator):
        return "Its predict_proba is a map already."
    if hasattr(estimator, "cv_results_"):
        return "Set refit=True, so that the search has a fitted classifier."
    return 'Some classifiers need a parameter, such as voting="soft".'


class NetworkModel:
    """A classifier with a network of this library.

    Parameters
    ----------
    estimator : CXRClassifier
        Fitted classifier.
    X : array-like
        Images as the classifier gets them.
    boxes : ndarray of shape (n, 4) or None
        Part of the user's image that each row of X shows: top, bottom, left and right,
        as fractions of the height and width. None if X shows whole images.
    padded_size : (int, int) or None
        Size to which a transformer has padded the user's images. None if there is
        none.
    wrapper : classifier or None
        Classifier around `estimator` that may predict another class. None if there is
        none.
    """

    def __init__(self, estimator, X, boxes=None, padded_size=None, wrapper=None):
        self.estimator = estimator
        self.images = estimator._images_to_predict(X)
        self.boxes = boxes
        self.wrapper = wrapper
        self.same_decision = wrapper is None
        self.net = estimator.net_
        self.module = self.net.module_
        self.classes = estimator.classes_
        self.image_size = self.net.input_format.image_size
        self.padded_size = padded_size
        if estimator._pads_files() and self.images.paths is not None:
            self.padded_size = self.image_size
        self.is_double = self.net.input_format.dtype == torch.float64
        self.n_threads = estimator._n_forward_threads()

    def predict(self, X):
        """Predict the class of each image in X, the images of the user."""
        if self.same_decision:
            return self.estimator.predict(self.images.X)
        return self.wrapper.predict(X)

    def compute(self, function, verbose=0):
        """Yield the values of a function of pixels, batch by batch.

        Parameters
        ----------
        function : callable
            Function of pixels, a tensor of shape (b, C, H, W), and of row numbers, an
            array of shape (b,). It returns a tensor with a row for each.
        verbose : int, default=0
            Whether to show a progress bar.

        Yields
        ------
        ndarray of shape (b, ...) of float64
        """
        return predict_outputs(
            self.net,
            self.images,
            PixelPolicy(),
            reading=self.estimator._reading(),
            n_threads=self.n_threads,
            verbose=verbose,
            compute=lambda inputs, rows: function(inputs["images"], rows),
            description="saliency maps",
        )

    def pixels(self):
        """Yield the pixels of each image, (C, H, W) in [0, 1], on the device."""
        self.module.eval()
        reading = self.estimator._reading()
        for rows, part in self.images.stream(n_rows=_FILES_PER_PART, **reading):
            paths = self.images.paths
            data = TrainingData.of_prediction(
                part, None if paths is None else paths[rows]
            )
            samples = PixelSamples(data, self.net.input_format)
            samples.begin_epoch(0)
            for i in range(len(samples)):
                yield samples.inputs(np.array([i]))["images"][0]

    def probabilities(self, make_batch, n):
        """Predict the probabilities of n changed images.

        Parameters
        ----------
        make_batch : callable
            Function of row numbers that returns a tensor of shape (b, C, H, W).
        n : int
            Number of changed images.

        Returns
        -------
        ndarray of shape (n, n_classes)
        """
        outputs = self.logits(make_batch, n)
        return self.estimator._task().activation(outputs)

    def logits(self, make_batch, n):
        """Compute the outputs of the network, as `probabilities` does."""
        device = self.net.input_format.device
        self.net.prepare_graph(self.images.n_channels)
        batches = forward_batches(
            lambda rows, n: self.net.outputs(n, images=make_batch(rows)),
            n,
            inference_batch_size(device, self.image_size),
            device=device,
            autocast_dtype=self.net.autocast_dtype,
            n_threads=self.n_threads,
        )
        return torch.cat(list(batches)).double().numpy()


class PredictorModel:
    """A classifier that is known by its predicted probabilities only.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier with ``predict_proba``.
    X : array-like
        Images, in any form that `estimator` accepts.
    size : (int, int) or None
        Height and width at which files are read. By default they have the size of the
        first classifier of this library inside `estimator`.
    """

    boxes = None
    same_decision = False

    def __init__(self, estimator, X, size=None):
        self.estimator = estimator
        self.classes = estimator.classes_
        self.member = next(_find_members(estimator), None)
        # The member scales the pixels that it gets by bits_stored, so that they are
        # not scaled here.
        self.bits_stored = getattr(self.member, "bits_stored", None)
        shape = getattr(self.member, "image_shape", None)
        self.images = ImageInput.from_X(
            X, flat_rows=shape is not None, image_shape=shape
        )
        self.reading = {"image_size": size}
        if self.images.paths is None:
            self.image_size = self.images.sample_shape[:2]
        elif size is not None:
            self.image_size = size
        elif self.member is not None:
            self.reading = self.member._reading()
            self.image_size = self.member.image_size_
        else:
            raise ValueError(
                f"Files need a size for {type(estimator).__name__}. Pass the height "
                "and width at which they are read, as in size=(224, 224), or pass an "
                "array of images."
            )
        self.padded_size = (
            self.image_size if self.reading.get("keep_aspect_ratio") else None
        )

    def predict(self, X):
        """Predict the class of each image in X."""
        return self.estimator.predict(X)

    def pixels(self):
        """Yield the pixels of each image as floats, (C, H, W).

        Integers are divided by the largest value that they may have.
        """
        for _, part in self.images.stream(n_rows=_FILES_PER_PART, **self.reading):
            for i in range(len(part)):
                image = part.gather([i])[0]
                self._dtype, self._ndim = image.dtype, image.ndim
                pixels = torch.from_numpy(image.astype(np.float64)) / self._maximum()
                yield pixels[None] if pixels.ndim == 2 else pixels.movedim(-1, 0)

    def probabilities(self, make_batch, n):
        """Predict the probabilities of n changed images, see `NetworkModel`."""
        return np.concatenate(
            [
                self.estimator.predict_proba(
                    self._to_images(make_batch(np.arange(i, min(i + _BATCH, n))))
                )
                for i in range(0, n, _BATCH)
            ]
        )

    def _to_images(self, pixels):
        """Return pixels in the layout and the type of the images."""
        array = pixels.movedim(1, -1).numpy()
        if self._ndim == 2:
            array = array[..., 0]
        if self._dtype.kind in "ui":
            array = np.rint(array * self._maximum())
        if self.images.values is not None and self.images.values.ndim == 2:
            array = array.reshape(len(array), -1)
        return array.astype(self._dtype)

    def _maximum(self):
        """Return the largest value of the pixels, as the classifier scales them."""
        if self._dtype.kind not in "ui":
            return 1
        if self._dtype.itemsize > 1 and self.bits_stored is not None:
            return 2**self.bits_stored - 1
        return np.iinfo(self._dtype).max


def _find_members(estimator):
    """Iterate over the fitted classifiers of this library inside an ensemble."""
    if isinstance(estimator, ImageEstimator):
        if hasattr(estimator, "net_"):
            yield estimator
        return
    parts = []
    for name in ("estimators_", "calibrated_classifiers_"):
        parts += getattr(estimator, name, [])
    for name in ("best_estimator_", "estimator_", "estimator"):
        parts.append(getattr(estimator, name, None))
    if isinstance(estimator, Pipeline):
        parts.append(estimator.steps[-1][1])
    for part in parts:
        if part is not None and not isinstance(part, (str, tuple)):
            yield from _find_members(part)
