"""Saliency maps of a classifier by any method."""

import contextlib

import numpy as np
import torch
from torch.nn.functional import interpolate
from tqdm import tqdm

from cxrclf._training.allocator import keep_memory
from cxrclf._utils.image_size import check_image_size, content_slices
from cxrclf.images import ImageInput, read_image_sizes
from cxrclf.inspection._boxes import place_in_box
from cxrclf.inspection._class_maps import (
    GRADIENT_METHODS,
    check_class_maps,
    class_maps,
)
from cxrclf.inspection._explained_model import NetworkModel, explain_model
from cxrclf.inspection._lime import Lime
from cxrclf.inspection._occlusion import Occlusion
from cxrclf.inspection._score_cam import ScoreCAM
from cxrclf.inspection._targets import find_codes

_OBJECTS = {"scorecam": ScoreCAM, "occlusion": Occlusion, "lime": Lime}


def saliency_maps(
    estimator,
    X,
    target=None,
    *,
    method="gradcam",
    size="network",
    branch=None,
    verbose=0,
):
    """Compute maps of the image regions that a prediction rests on.

    A map has a value per pixel. Larger values mean a larger contribution to the class.
    Values are not scaled. They can be compared within an image and between the classes
    of an image, but not between methods.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    estimator : classifier
        Fitted `CXRClassifier` or `DualBackboneConcat`, or a wrapper around one: a
        pipeline, `LabelMapClassifier`, `PhasedClassifier`, a grid search,
        ``FrozenEstimator``, a classifier with a tuned threshold, or a
        ``CalibratedClassifierCV`` around one fitted classifier. ``"occlusion"`` and
        ``"lime"`` accept any classifier of images with ``predict_proba``.
    X : array-like
        Images, in any form that the estimator accepts.
    target : None, "all", label, or array-like of shape (n,), default=None
        Class that is explained: the predicted class of each image (None), all classes
        (``"all"``), one class for all images, or one class per image.
    method : str, Occlusion, Lime or ScoreCAM, default="gradcam"
        Method of explanation:

        - ``"gradcam"``: channels of the last feature map, weighted by the mean
          gradient of the logit, with negative values set to 0 [1]_;
        - ``"gradcam++"``: the same with weights that count several regions of a class
          [2]_;
        - ``"cam"``: channels weighted by the weights of the output layer [3]_, for
          networks with a linear head on averages;
        - ``"scorecam"``: :class:`ScoreCAM`;
        - ``"occlusion"``: :class:`Occlusion`;
        - ``"lime"``: :class:`Lime`.

        An object sets the parameters of the last three methods.
    size : {"network", "image"} or (int, int), default="network"
        Height and width of the maps. ``"network"`` is the size of the network's input.
        ``"image"`` is the size of the files or arrays in X, which must be the same for
        all images.
    branch : int, default=None
        Number of the backbone, counted from 0, of a classifier with several backbones.
        The map then belongs to the feature map of this backbone. None uses the map of
        all backbones together. Only for methods that use feature maps.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n, H, W), or (n, n_classes, H, W) for ``target="all"``
        Maps of float32, or float64 for a network in float64. Maps of ``"gradcam"``,
        ``"gradcam++"`` and ``"scorecam"`` are not negative. Classes are in the order of
        ``estimator.classes_``.

    Raises
    ------
    ValueError
        If a parameter is invalid, if `target` is not among the classes, if the network
        has no map for the method, or if images have several sizes and
        ``size="image"``.
    TypeError
        If the estimator predicts no classes, or if the method needs a network and the
        estimator is an ensemble.
    NotFittedError
        If the estimator is not fitted.
    MissingDependencyError
        If ``"lime"`` is used without scikit-image.

    See Also
    --------
    SaliencyDisplay : Draw the maps on the images.
    saliency_in_mask : Measure how much of a map lies in the lungs or in a lesion.
    randomization_check : Test whether the maps depend on the learned weights.

    Notes
    -----
    The last feature map is the one that the head averages or flattens. If the head has
    a pointwise convolution, as in `DualBackboneConcat`, it is the output of this
    convolution. The maps have a few cells per side, and are resized to the image by
    bilinear interpolation.

    In a pipeline, the transformers are applied first, and the methods change the
    transformed images. If `LungMasker` crops the images, the maps are placed back into
    the uncropped image.

    References
    ----------
    .. [1] R. R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
       gradient-based localization", ICCV 2017.
    .. [2] A. Chattopadhay et al., "Grad-CAM++: generalized gradient-based visual
       explanations for deep convolutional networks", WACV 2018.
    .. [3] B. Zhou et al., "Learning deep features for discriminative localization",
       CVPR 2016.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> saliency_maps(clf, data.images).shape
    (12, 64, 64)
    >>> saliency_maps(clf, data.images, "all", method="cam").shape
    (12, 3, 64, 64)
    """
    name, method = check_method(method, branch)
    if not isinstance(size, str):
        size = check_image_size(size, "size")
    elif size not in ("network", "image"):
        raise ValueError(
            f'size must be "network", "image" or (height, width), got {size!r}.'
        )
    model = explain_model(
        estimator,
        X,
        None if isinstance(size, str) else size,
        needs_network=name not in ("occlusion", "lime"),
    )
    _check_network(model, estimator, name, branch)
    n = len(model.images)
    codes = find_codes(target, model.classes, n)
    needs_size = size == "image" or model.padded_size is not None
    own_size = _image_size(X, model) if needs_size else None
    if codes is None and (name not in GRADIENT_METHODS or not model.same_decision):
        codes = find_codes(model.predict(X), model.classes, n)
    resize = _Resizer(model, size, own_size)
    with keep_memory():
        if name in GRADIENT_METHODS:
            return _from_feature_maps(model, name, codes, branch, resize, verbose)
        return _from_changed_images(model, method, codes, branch, resize, verbose)


def check_method(method, branch=None):
    """Check `method` and `branch` of `saliency_maps`.

    Parameters
    ----------
    method : str, Occlusion, Lime or ScoreCAM
    branch : int or None

    Returns
    -------
    name : str
        Name of the method.
    method : object or None
        Object with the parameters of the method. None if it has no parameters.
    """
    names = {cls: name for name, cls in _OBJECTS.items()}
    if type(method) in names:
        name = names[type(method)]
    elif isinstance(method, str) and method in (*GRADIENT_METHODS, *_OBJECTS):
        name = method
        method = _OBJECTS[name]() if name in _OBJECTS else None
    else:
        known = ", ".join(f'"{name}"' for name in (*GRADIENT_METHODS, *_OBJECTS))
        raise ValueError(
            f"method must be one of {known}, or an Occlusion, Lime or ScoreCAM "
            f"object, got {method!r}."
        )
    if method is not None:
        method._check()
    if branch is not None:
        if isinstance(branch, bool) or not isinstance(branch, (int, np.integer)):
            raise ValueError(f"branch must be an int or None, got {branch!r}.")
        if name in ("occlusion", "lime"):
            raise ValueError(
                f"method={name!r} explains the whole network. Leave branch=None, or "
                'use a method such as "gradcam".'
            )
    return name, method


def _check_network(model, estimator, name, branch):
    """Check that the method can explain the estimator."""
    if name in ("occlusion", "lime"):
        return
    if not isinstance(model, NetworkModel):
        raise TypeError(
            f"method={name!r} needs the feature maps of a single network, but "
            f"{type(estimator).__name__} predicts without one or with several. Use "
            'method="occlusion" or "lime", which need only predict_proba, or explain '
            "a single classifier of it."
        )
    check_class_maps(model.module, name, branch)


def _image_size(X, model):
    """Return the size of all images as the user gave them."""
    images = ImageInput.from_X(X) if model.images.paths is None else model.images
    if images.paths is None:
        if images.values.ndim == 2:
            images = model.images
        return images.sample_shape[:2]
    sizes = np.unique(read_image_sizes(images.paths), axis=0)
    return tuple(sizes[0].tolist()) if len(sizes) == 1 else None


class _Resizer:
    """Resize maps to the size that the user asked for.

    Parameters
    ----------
    model : NetworkModel or PredictorModel
    size : {"network", "image"} or (int, int)
    own_size : (int, int) or None
        Size of all images as the user gave them.
    """

    def __init__(self, model, size, own_size):
        self.boxes = model.boxes
        self.padding = None
        self.size = tuple(model.image_size) if size == "network" else size
        if size == "image":
            if own_size is None:
                raise ValueError(
                    'With size="image", all images must have the same size, but X has '
                    'images of several sizes. Use size="network" or a size such as '
                    "(512, 512), or pass the images of each size by themselves."
                )
            self.size = own_size
        if model.padded_size is not None and size != "network":
            if own_size is None:
                raise ValueError(
                    "The classifier pads images to its size (keep_aspect_ratio), and "
                    'X has images of several sizes. Use size="network", or pass the '
                    "images of each size by themselves."
                )
            self.padded_size = model.padded_size
            self.padding = content_slices(own_size, model.padded_size)

    def __call__(self, maps, rows):
        """Resize maps, an array of shape (b, [k,] h, w), of some rows of X."""
        maps = np.ascontiguousarray(maps)
        if self.padding is None:
            return self._resize(maps, rows, self.size)
        padded = self._resize(maps, rows, self.padded_size)
        return _interpolate(padded[..., *self.padding], self.size)

    def _resize(self, maps, rows, size):
        """Resize maps to whole images, before the border of padding is removed."""
        if self.boxes is None:
            return _interpolate(maps, size)
        pairs = zip(maps, self.boxes[rows], strict=True)
        return np.stack([place_in_box(own, box, size) for own, box in pairs])


def _interpolate(maps, size):
    """Resize maps, an array of shape (..., h, w)."""
    if maps.shape[-2:] == tuple(size):
        return maps
    tensor = torch.from_numpy(np.ascontiguousarray(maps))
    tensor = tensor.reshape(1, -1, *maps.shape[-2:])
    resized = interpolate(tensor, size, mode="bilinear")
    return resized.numpy().reshape(*maps.shape[:-2], *size)


def _allocate(model, codes, resize):
    """Return an array for the maps, in the precision of the network."""
    double = isinstance(model, NetworkModel) and model.is_double
    dtype = np.float64 if double else np.float32
    n = len(model.images)
    shape = (n, len(model.classes)) if isinstance(codes, str) else (n,)
    return np.empty((*shape, *resize.size), dtype=dtype)


def _from_feature_maps(model, name, codes, branch, resize, verbose):
    """Return maps by a method that computes a batch at once."""
    maps, done = _allocate(model, codes, resize), 0

    def compute(pixels, rows):
        chosen = codes[rows] if isinstance(codes, np.ndarray) else codes
        return class_maps(model.module, pixels, chosen, name, branch)

    for found in model.compute(compute, verbose):
        _check_finite(found, model)
        rows = np.arange(done, done + len(found))
        maps[rows] = resize(found.astype(maps.dtype), rows)
        done += len(found)
    return maps


def _from_changed_images(model, method, codes, branch, resize, verbose):
    """Return maps by a method that predicts changed images, image by image."""
    maps = _allocate(model, codes, resize)
    options = {"branch": branch} if isinstance(method, ScoreCAM) else {}
    bar = tqdm(
        model.pixels(),
        total=len(maps),
        desc="saliency maps",
        unit="image",
        disable=not verbose,
    )
    with contextlib.closing(bar):
        for row, image in enumerate(bar):
            found = method._explain(model, image, **options)
            _check_finite(found, model)
            if not isinstance(codes, str):
                found = found[codes[row]]
            maps[row] = resize(found[None], np.array([row]))[0]
    return maps


def _check_finite(maps, model):
    if not np.isfinite(maps).all():
        raise ValueError(
            f"The network of this {type(model.estimator).__name__} returns NaN or "
            "infinity, because its training diverged. Fit it with a smaller "
            "learning_rate."
        )
