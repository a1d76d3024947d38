"""to_onnx: write a fitted estimator as an ONNX model."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import StrOptions, validate_params
from sklearn.utils.validation import check_consistent_length, check_is_fitted

import cxrclf
from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._onnx.graph import GraphError, export_model
from cxrclf._onnx.quantize import quantize_model
from cxrclf._onnx.versions import export_versions, require
from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.prediction import predict_outputs
from cxrclf._utils.files import replace_file
from cxrclf.datasets import make_chest_radiographs
from cxrclf.export._onnx_export import OnnxExport
from cxrclf.export._predictor import Predictor
from cxrclf.metrics import segmentation_scorers
from cxrclf.segmentation import UNetSegmenter

_TOLERANCE = 1e-4  # of probabilities; both sides compute in float32
_LARGEST = 2**31 - 2**20  # bytes of weights in one file
_SMALLEST_SIDE = 16  # of synthetic radiographs, in pixels
_SETTINGS_OF_MASKS = ("threshold", "largest_components", "fill_holes")


@validate_params(
    {"quantize": [None, StrOptions({"int8"})]}, prefer_skip_nested_validation=True
)
def to_onnx(
    estimator, path, *, quantize=None, X_calibration=None, X_test=None, y_test=None
):
    """Write a fitted classifier or segmenter as an ONNX model.

    The model takes stored pixels and returns probabilities: it scales and normalizes
    the pixels, and contains the network and its activation. It has

    - the input ``images``, (n, H, W) of uint8 for any n, where (H, W) is
      ``image_size_``; for an estimator of color images (n, H, W, C);
    - the output ``probabilities``: the result of `predict_proba`.

    The classes, the preprocessing and the versions of the libraries are in the metadata
    of the model, as JSON. Reading and resizing a file are not in the model, because
    ONNX has no operator that returns the same pixels. The example
    ``predict_with_onnxruntime.py`` reads files without torch and without this library.

    Read more in the :ref:`User Guide <export>`.

    Parameters
    ----------
    estimator : CXRClassifier, DualBackboneConcat or UNetSegmenter
        Fitted estimator. It does not change.
    path : path-like
        File of the model, with the suffix ``.onnx``. A missing folder is made. A file
        that is already there is replaced, after the new model was compared with the
        estimator.
    quantize : {"int8"}, default=None
        Type of weights and activations. ``"int8"`` makes the file four times smaller,
        and many processors compute it faster. The output layer remains in float32.
        None uses float32.
    X_calibration : array-like, default=None
        Images that decide the ranges of the activations, in any form of `fit`. About
        100 images of the training set are enough. ``quantize="int8"`` needs them.
    X_test, y_test : array-like, default=None
        Test images and their labels or masks, in any form of `fit`. The report then has
        the score of the model before and after quantization. They need
        ``quantize="int8"``.

    Returns
    -------
    OnnxExport
        File, size and differences.

    Raises
    ------
    MissingDependencyError
        If a package of the extra ``fast`` is not installed.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If `estimator` is of another class, such as a pipeline.
    ValueError
        If the path has no suffix ``.onnx``, if an operator of the network has no
        translation, if the model differs from the estimator by more than 1e-4, or if
        its weights have more than 2 GB.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.export import to_onnx
    >>> data = make_chest_radiographs(12, image_size=32, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     exported = to_onnx(clf, Path(folder) / "model.onnx")
    >>> exported.difference < 1e-5
    True
    """
    path = Path(path)
    _check_arguments(estimator, path, quantize, X_calibration, X_test, y_test)
    require("to_onnx")
    estimator = _copy_in_float32(estimator)
    if X_calibration is not None:
        X_calibration = _check_images(X_calibration, estimator)
    if X_test is not None:
        check_consistent_length(X_test, y_test)
        X_test = _check_images(X_test, estimator, "X_test")
    network = estimator.net_.module_.eval()
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    if n_bytes > _LARGEST:
        raise ValueError(
            f"The weights have {n_bytes / 1e9:.1f} GB, and an ONNX file holds 2 GB. "
            "Choose a smaller backbone."
        )
    images = _draw_radiographs(estimator)
    module = Predictor(network, color=_count_colors(estimator) > 1)
    try:
        model = export_model(
            module,
            torch.from_numpy(images[:2]),
            output="probabilities",
            metadata=_describe(estimator),
        )
    except GraphError as error:
        raise ValueError(f"The network cannot be exported: {error}.") from error
    difference = _compare(model, estimator, images)
    result = OnnxExport(path, len(model) / 1e6, difference)
    if quantize == "int8":
        plain = model
        model, result = _quantize(plain, result, estimator, X_calibration)
        if X_test is not None:
            before, after = (
                _score(m, estimator, X_test, y_test) for m in (plain, model)
            )
            result = replace(result, float_score=before, score=after)
    with replace_file(path) as temporary:
        temporary.write_bytes(model)
    return result


def _check_arguments(estimator, path, quantize, images, X_test, y_test):
    if isinstance(estimator, Pipeline):
        raise TypeError(
            "to_onnx exports an estimator, not a pipeline. Pass its last step, "
            "pipeline[-1]. The other steps are not part of the model."
        )
    if not isinstance(estimator, ImageEstimator):
        raise TypeError(
            "to_onnx exports CXRClassifier, DualBackboneConcat and UNetSegmenter, got "
            f"{type(estimator).__name__}. Pass the fitted estimator inside it, such as "
            "best_estimator_."
        )
    check_is_fitted(estimator)
    if path.suffix != ".onnx":
        raise ValueError(f"path must end with .onnx, got {str(path)!r}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Pass the path of a file.")
    if (quantize is None) != (images is None):
        raise ValueError(
            'quantize="int8" and X_calibration belong together. Pass both or neither.'
        )
    if (X_test is None) != (y_test is None):
        raise ValueError("X_test and y_test belong together. Pass both or neither.")
    if X_test is not None and quantize is None:
        raise ValueError(
            'X_test and y_test need quantize="int8": without it the model has the '
            "score of the estimator."
        )


def _copy_in_float32(estimator):
    """Return a copy that computes in float32 on the CPU, in torch."""
    estimator = copy.deepcopy(estimator)
    estimator.set_params(
        precision="float32", engine="torch", device="cpu", compile=False, verbose=0
    )
    estimator._apply_device()
    return estimator


def _check_images(X, estimator, name="X_calibration"):
    """Return X as an ImageInput with the channels of the model."""
    images = estimator._check_images(X, reset=False)
    if images.n_channels > _count_colors(estimator):
        raise ValueError(
            f"{name} has images of {images.n_channels} channels, but "
            f"{type(estimator).__name__} was fitted on gray images, so that the model "
            "takes gray images. Pass an (n, H, W) array."
        )
    return images


def _count_colors(estimator):
    """Return the number of channels of the input of the model, which is 1 for gray."""
    shape = estimator.input_shape_
    return shape[2] if shape is not None and len(shape) == 3 else 1


def _draw_radiographs(estimator):
    """Draw three images for the comparison, in the form of the input."""
    height, width = estimator.image_size_
    drawn = make_chest_radiographs(
        3,
        image_size=(max(height, _SMALLEST_SIDE), max(width, _SMALLEST_SIDE)),
        random_state=0,
    )
    images = drawn.images[:, :height, :width]
    n_channels = _count_colors(estimator)
    return images if n_channels == 1 else np.stack([images] * n_channels, axis=3)


def _describe(estimator):
    """Return the metadata of the model."""
    segments = isinstance(estimator, UNetSegmenter)
    values = {
        "task": "segmentation" if segments else "classification",
        "estimator": type(estimator).__name__,
        "classes": estimator.classes_.tolist(),
        "image_size": list(estimator.image_size_),
        "keep_aspect_ratio": estimator._pads_files(),
        "bits_stored": estimator.bits_stored,
        "reading": "gray (ITU-R 601-2 luma), upright by EXIF, resized by Pillow's "
        "BILINEAR filter",
        "versions": export_versions() | {"cxrclf": cxrclf.__version__},
    }
    if segments:
        values |= {name: getattr(estimator, name) for name in _SETTINGS_OF_MASKS}
    # A search over a NumPy array sets scalars of NumPy.
    return {
        name: json.dumps(value, default=lambda scalar: scalar.item())
        for name, value in values.items()
    }


def _compare(model, estimator, images):
    """Return the largest difference of a model to an estimator, or raise an error."""
    expected = _predict_pixels(estimator, images)
    run = _open(model)
    largest = 0.0
    for n in (1, len(images)):
        found = run(images[:n])
        if found.shape != expected[:n].shape:
            raise ValueError(
                f"The model returns the shape {found.shape} for {n} images, instead of "
                f"{expected[:n].shape}. Please report this network."
            )
        largest = max(largest, float(abs(found - expected[:n]).max()))
    if not largest <= _TOLERANCE:
        raise ValueError(
            f"The model differs from the estimator by {largest:.1e}, more than "
            f"{_TOLERANCE:.0e}. Nothing was written. Please report this network."
        )
    return largest


def _predict_pixels(estimator, images):
    """Return the probabilities of an estimator for images at its working size."""
    estimator = copy.copy(estimator)
    if "image_shape" in estimator.get_params():
        estimator.set_params(image_shape=None)  # the images are not flattened
    return estimator.predict_proba(images)


def _open(model):
    """Return a function from images to the probabilities of a model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and not printed in addition
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    return lambda images: session.run(None, {"images": images})[0]


def _quantize(model, result, estimator, images):
    """Return a quantized model, and how it compares with the float model."""
    batches = list(_read_pixels(estimator, images))
    try:
        quantized = quantize_model(model, batches, n_bits=7)
    except GraphError as error:
        raise ValueError(f"The network cannot be exported: {error}.") from error
    run, run_quantized = _open(model), _open(quantized)
    same = n = 0
    largest = 0.0
    decide = _decider(estimator)
    for batch in batches:
        before, after = run(batch), run_quantized(batch)
        equal = decide(before) == decide(after)
        same, n = same + int(equal.sum()), n + equal.size
        largest = max(largest, float(abs(before - after).max()))
    return quantized, OnnxExport(
        result.path,
        len(quantized) / 1e6,
        result.difference,
        float_megabytes=result.megabytes,
        agreement=same / n,
        calibration_difference=largest,
    )


def _score(model, estimator, images, y):
    """Return the accuracy of a model, or its mean Dice coefficient."""
    run, decide = _open(model), estimator._task().decide
    predicted = []
    for batch in _read_pixels(estimator, images):
        values = run(batch)
        if values.ndim > 2:  # decide takes channels first
            binary = values.ndim == 3
            values = values[:, None] if binary else np.moveaxis(values, -1, 1)
        predicted.append(estimator.classes_[decide(values)])
    predicted = np.concatenate(predicted)
    if not isinstance(estimator, UNetSegmenter):
        return float(accuracy_score(y, predicted))
    estimator = copy.copy(estimator)
    estimator.predict = lambda masks: masks
    return segmentation_scorers()(estimator, predicted, y)["dice"]


def _decider(estimator):
    """Return a function from probabilities to numbers of classes."""
    n_classes = len(estimator.classes_)
    if isinstance(estimator, UNetSegmenter) and n_classes == 2:
        return lambda values: values >= estimator.threshold
    return lambda values: values.argmax(-1)


def _read_pixels(estimator, images):
    """Yield images as the model takes them, in batches."""
    n_channels = _count_colors(estimator)
    outputs = predict_outputs(
        estimator.net_,
        images,
        PixelPolicy(),
        reading=estimator._reading(),
        n_threads=1,
        verbose=0,
        compute=lambda inputs, rows: inputs["images"],
        description="calibration",
    )
    for batch in outputs:
        pixels = np.rint(255 * batch).astype(np.uint8)
        if n_channels == 1:
            yield pixels[:, 0]
        else:  # X may be gray
            shape = len(pixels), n_channels, *pixels.shape[2:]
            yield np.moveaxis(np.broadcast_to(pixels, shape), 1, -1).copy()
