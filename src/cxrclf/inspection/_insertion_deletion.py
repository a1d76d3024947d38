"""Insertion and deletion curves of saliency maps."""

from numbers import Real

import numpy as np
import torch
from tqdm import tqdm

from cxrclf._torch.device import upload
from cxrclf._training.allocator import keep_memory
from cxrclf._utils.checks import check_int
from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.inspection._check_maps import check_maps
from cxrclf.inspection._explained_model import explain_model
from cxrclf.inspection._perturbed import FILLS, fill_image, hide
from cxrclf.inspection._saliency_scores import SaliencyScores
from cxrclf.inspection._targets import find_codes

_BLOCKS = 8  # number of random blocks along the shorter side


def insertion_deletion(
    estimator,
    X,
    maps,
    target=None,
    *,
    n_steps=20,
    fill="blur",
    groups=None,
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
    verbose=0,
):
    """Measure how a probability changes with the pixels of the largest map values.

    Insertion starts with an image in which all pixels are replaced, and shows the
    pixels in the order of the map, from the largest value. Deletion starts with the
    whole image, and replaces the pixels in the same order. The scores are the areas
    under the curves of the probability of the class [1]_:

    - ``insertion``: larger is better;
    - ``deletion``: smaller is better;
    - ``random insertion`` and ``random deletion``: the same with square blocks of the
      image in random order;
    - ``insertion - random`` and ``deletion - random``: differences to the random order
      on the same image.

    Changed images differ from radiographs, and a network may react to the change
    itself. The areas therefore also depend on the classifier and on `fill`. The
    differences to the random order are easier to compare.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier of images with ``predict_proba``, as in
        :func:`saliency_maps`.
    X : array-like
        Images, in any form that the estimator accepts.
    maps : array-like of shape (n, H, W)
        Saliency maps of the images, at the size of the network's input.
    target : None, label, or array-like of shape (n,), default=None
        Class that the maps explain: the predicted class of each image (None), one class
        for all images, or one class per image.
    n_steps : int, default=20
        Number of steps of a curve. Each step changes the same number of pixels.
    fill : {"mean", "blur"} or float, default="blur"
        Pixels that replace hidden ones: the mean of the image, the blurred image, or a
        constant brightness in [0, 1].
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples of the patients for the intervals.
    random_state : int, default=0
        Seed of the random orders and of the resamples.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    SaliencyScores
        Areas in [0, 1], and differences. The attribute ``curves`` has the probabilities
        of ``"insertion"``, ``"deletion"``, ``"random insertion"`` and ``"random
        deletion"``, each as an array of shape (n, n_steps + 1).

    Raises
    ------
    ValueError
        If maps do not fit the images, if `target` is not among the classes, or if a
        parameter is invalid.
    TypeError
        If the estimator predicts no classes.
    NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    Pixels with equal map values are ordered at random. Random blocks have an eighth of
    the shorter side of the image. They are larger than pixels, because single hidden
    pixels change a radiograph more than a hidden region does. Each image needs
    4 (n_steps + 1) predictions.

    References
    ----------
    .. [1] V. Petsiuk, A. Das and K. Saenko, "RISE: randomized input sampling for
       explanation of black-box models", BMVC 2018.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import insertion_deletion, saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> images = data.images[:4]
    >>> scores = insertion_deletion(clf, images, saliency_maps(clf, images), n_steps=5)
    >>> scores.curves["deletion"].shape
    (4, 6)
    """
    maps = check_maps(maps)
    check_int(n_steps, "n_steps", 1)
    _check_fill(fill)
    model = explain_model(estimator, X, maps.shape[1:])
    n = len(model.images)
    resampling = PatientResampling(
        n, groups, confidence_level, n_resamples, random_state
    )
    _check_size(maps, model, n)
    codes = find_codes(target, model.classes, n)
    if isinstance(codes, str):
        raise ValueError(
            'insertion_deletion measures one class per image, and not target="all". '
            "Use target=None or a class."
        )
    if codes is None:
        codes = find_codes(model.predict(X), model.classes, n)
    parts = []
    with keep_memory():
        images = tqdm(
            model.pixels(), total=n, desc="curves", unit="image", disable=not verbose
        )
        for row, image in enumerate(images):
            rng = np.random.default_rng((random_state, row))
            orders = [maps[row], _draw_blocks(maps.shape[1:], rng)]
            steps = np.stack([_count_steps(order, n_steps, rng) for order in orders])
            found = _predict_curves(model, image, steps, n_steps, fill)
            parts.append(found[:, codes[row]])
    return _score_curves(np.array(parts), n_steps, resampling)


def _check_fill(fill):
    number = isinstance(fill, Real) and not isinstance(fill, bool) and 0 <= fill <= 1
    if not number and not (isinstance(fill, str) and fill in FILLS):
        raise ValueError(
            f'fill must be "mean", "blur" or a number from 0 to 1, got {fill!r}.'
        )


def _check_size(maps, model, n):
    expected = (n, *model.image_size)
    if maps.shape != expected:
        raise ValueError(
            f"maps have the shape {maps.shape}, but the classifier gets images of the "
            f"shape {expected}. Compute them for the same images with "
            'saliency_maps(..., size="network").'
        )
    if model.boxes is not None and (model.boxes != [0, 1, 0, 1]).any():
        raise ValueError(
            "A transformer of the pipeline crops the images, so that maps of whole "
            "images do not fit the input of the network. Transform X first. Then "
            "compute maps and curves with the last step of the pipeline."
        )


def _draw_blocks(size, rng):
    """Return a map with a random value for each square block."""
    side = max(1, min(size) // _BLOCKS)
    rows, columns = (np.arange(length) // side for length in size)
    values = rng.random((rows[-1] + 1, columns[-1] + 1))
    return values[rows[:, None], columns]


def _count_steps(pixels, n_steps, rng):
    """Return the step, from 0, in which each pixel of a map is changed."""
    shuffled = rng.permutation(pixels.size)  # decides the order of equal values
    order = shuffled[np.argsort(-pixels.ravel()[shuffled], kind="stable")]
    steps = np.empty(pixels.size, np.int64)
    steps[order] = np.arange(pixels.size) * n_steps // pixels.size
    return steps.reshape(pixels.shape)


def _predict_curves(model, image, steps, n_steps, fill):
    """Return the probabilities of all changed images of an image.

    The images of a curve follow each other. Insertion by the map comes first, then
    deletion by the map, random insertion and random deletion.
    """
    filled = fill_image(image, fill)
    steps = torch.from_numpy(steps)

    def make_batch(rows):
        curve, number = np.divmod(rows, n_steps + 1)
        number = torch.from_numpy(number)[:, None, None]
        deletes = torch.from_numpy(curve % 2 == 1)[:, None, None]
        changed = steps[torch.from_numpy(curve // 2)] < number
        return hide(image, filled, upload(changed ^ deletes, image.device))

    return model.probabilities(make_batch, 4 * (n_steps + 1))


def _score_curves(found, n_steps, resampling):
    """Return the scores of curves, an array of shape (n, 4 * (n_steps + 1))."""
    names = ("insertion", "deletion", "random insertion", "random deletion")
    curves = {
        name: found[:, i * (n_steps + 1) : (i + 1) * (n_steps + 1)]
        for i, name in enumerate(names)
    }
    values = {
        name: (curve[:, 1:] + curve[:, :-1]).mean(1) / 2  # trapezoids
        for name, curve in curves.items()
    }
    for name in names[:2]:
        values[f"{name} - random"] = values[name] - values[f"random {name}"]
    return SaliencyScores._from_resampling(values, resampling, curves)
