"""Measure the quality of generated images."""

from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist, pdist

from cxrclf.generation._frozen_features import FrozenFeatures
from cxrclf.generation._kernel_distance import kernel_distance
from cxrclf.generation._linear_probes import recognize, separability
from cxrclf.generation._quality_scores import GenerationQuality, find_reasons
from cxrclf.images import ImageInput, content_key

_COPY = 0.5  # relative distance to the nearest real image, below which it is a copy


def generation_quality(
    generated,
    real,
    *,
    sources=None,
    controls=None,
    masks=None,
    max_distance=None,
    backbone="tf_efficientnet_lite0",
    weights="imagenet",
    n_permutations=1000,
    random_state=0,
    n_threads=None,
    device="auto",
    verbose=0,
):
    """Measure the quality of generated images without a discriminator.

    All measures except the changes use the pooled features of a network that was
    trained on other images and stays frozen.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    generated : array-like of length n
        At least two generated images of one class: images of shape (n, H, W) or
        (n, H, W, C), or paths.
    real : array-like of length m
        At least two different real images of the same class, for example its training
        images. Repeats are ignored.
    sources : array-like of length n, default=None
        Image from which each generated image was made, row by row. Without sources,
        the measures that need them are None.
    controls : array-like of length n, default=None
        Images that a network made from the sources without changing their class, row
        by row.
    masks : array-like of shape (n, H, W) of bool, default=None
        Lungs of the sources, for images in arrays.
    max_distance : float, default=None
        Largest `distance_ratio` of images that count as useful. By default the limit is
        2/3 if the classifier of real images cannot judge (`reference_accuracy` below
        0.7), and there is no limit otherwise.
    backbone : str, default="tf_efficientnet_lite0"
        Name of the network of timm that computes the features.
    weights : None, "imagenet", path-like or mapping, default="imagenet"
        Weights of the network, as in :class:`~cxrclf.CXRClassifier`.
    n_permutations : int, default=1000
        Number of permutations for the intervals of the kernel distances.
    random_state : int, default=0
        Seed of the permutations.
    n_threads : int or None, default=None
        Number of CPU threads. If None, torch chooses the number.
    device : str or torch.device, default="auto"
        Device of the network. ``"auto"`` uses CUDA if it is available.
    verbose : int, default=0
        Whether to show progress bars.

    Returns
    -------
    GenerationQuality

    Raises
    ------
    WeightsError
        If the weights are not available, cannot be read or do not fit the network.
    ValueError
        If there are fewer than two images, lengths or sizes differ, or pixels are not
        finite.

    Notes
    -----
    The Fréchet inception distance is not computed: with fewer images than features its
    bias is larger than the distances to compare [1]_.

    A high `separability` alone is no reason against generated images: a linear
    classifier tells nearly all generated images from real ones at these sizes.

    References
    ----------
    .. [1] M. Bińkowski, D. J. Sutherland, M. Arbel, A. Gretton, "Demystifying MMD
       GANs", ICLR 2018, arXiv:1801.01401.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import generation_quality
    >>> data = make_chest_radiographs(24, image_size=32, random_state=0)
    >>> quality = generation_quality(
    ...     data.images[:12], data.images[12:], backbone="test_resnet", weights=None
    ... )
    >>> quality.n_generated, quality.source_distance
    (12, None)
    """
    parts = {
        "generated": generated,
        "real": real,
        "sources": sources,
        "controls": controls,
    }
    images = {name: _interpret(name, X) for name, X in parts.items() if X is not None}
    _check_lengths(images, masks)
    distinct = _find_distinct(images["real"])
    images["real"] = _interpret("real", images["real"].take(distinct))
    network = FrozenFeatures(
        backbone, weights, n_threads=n_threads, device=device, verbose=verbose
    )
    features = {name: network.compute(part) for name, part in images.items()}
    made, own = features["generated"], features["real"]
    settings = {"n_permutations": n_permutations, "random_state": random_state}
    index, nearest = _find_nearest(made, own)
    quality = GenerationQuality(
        n_generated=len(made),
        n_real=len(own),
        kernel_distance=kernel_distance(made, own, **settings),
        source_distance=None,
        distance_ratio=None,
        memorized=float((nearest < _COPY).mean()),
        diversity=float(pdist(made).mean() / pdist(own).mean()),
        separability=separability(made, own, _number_sources(images)),
        gain=None,
        recognized=None,
        recognized_interval=None,
        recognized_controls=None,
        reference_accuracy=None,
        change_inside=None,
        change_outside=None,
        nearest_index=distinct[index],
        nearest_distance=nearest,
    )
    if sources is not None:
        quality = replace(quality, **_compare_sources(features, images, settings))
    if masks is not None:
        quality = replace(quality, **_measure_changes(images, masks))
    return replace(quality, reasons=find_reasons(quality, max_distance))


def _interpret(name, X):
    images = ImageInput.from_X(X, flat_rows=False)
    if len(images) < 2:
        raise ValueError(f"{name} has {len(images)} image. Pass at least two images.")
    return images


def _check_lengths(images, masks):
    """Check that sources, controls and masks have a row per generated image."""
    n = len(images["generated"])
    for name in ("sources", "controls"):
        if name in images and len(images[name]) != n:
            raise ValueError(
                f"{name} has {len(images[name])} images for {n} generated images. Pass "
                "one per generated image, in the same order."
            )
    if "controls" in images and "sources" not in images:
        raise ValueError("controls need sources. Pass the sources too.")
    if masks is not None:
        shapes = [
            None
            if name not in images or images[name].pixels is None
            else images[name].pixels.shape
            for name in ("generated", "sources")
        ]
        if None in shapes or shapes[0] != shapes[1]:
            raise ValueError(
                "masks need sources and generated images as arrays of the same shape; "
                f"got {shapes[1]} and {shapes[0]}."
            )
        if np.shape(masks) != shapes[0][:3]:
            raise ValueError(
                f"masks must have the shape {shapes[0][:3]}, got {np.shape(masks)}."
            )


def _number_sources(images):
    """Return a number of the source of each generated image."""
    part = images.get("sources")
    if part is None:
        return np.arange(len(images["generated"]))
    return np.unique(_compute_keys(part), return_inverse=True)[1]


def _find_distinct(images):
    """Return the first row of each image, in order."""
    rows = np.sort(np.unique(_compute_keys(images), return_index=True)[1])
    if len(rows) < 2:
        raise ValueError("All images in real are equal. Pass different images.")
    return rows


def _compute_keys(images):
    if images.paths is None:
        return [content_key(pixels) for pixels in images.pixels]
    return [str(path) for path in images.paths]


def _find_nearest(made, own):
    """Return the nearest real image of each generated one, and its distance.

    The distance is relative to the distance of that real image to its nearest other
    real image.
    """
    among = cdist(own, own)
    np.fill_diagonal(among, np.inf)
    to_other = among.min(axis=1)
    distances = cdist(made, own)
    index = distances.argmin(axis=1)
    nearest = distances[np.arange(len(made)), index]
    tiny = np.finfo(float).tiny  # for different images with equal features
    return index, nearest / np.maximum(to_other[index], tiny)


def _compare_sources(features, images, settings):
    """Return the measures that need the sources."""
    sources, real = features["sources"], features["real"]
    distance = kernel_distance(sources, real, **settings)
    own = kernel_distance(features["generated"], real, **settings)
    others = [features[name] for name in ("generated", "controls") if name in features]
    sensitivity, false, found = recognize(
        sources, real, others, _number_sources(images)
    )
    values = {
        "source_distance": distance,
        # Without a distance to bridge, the ratio means nothing.
        "distance_ratio": own.value / distance.value if distance.value > 0 else None,
    }
    if found is not None:
        share, *controls = (float(part.mean()) for part in found)
        floor = max([false, *controls])
        values |= {
            "reference_accuracy": (sensitivity + 1 - false) / 2,
            "gain": (share - floor) / max(sensitivity - false, 0.01),
            "recognized": share,
            "recognized_interval": _wilson(share, len(found[0])),
        }
        if controls:
            values["recognized_controls"] = controls[0]
    return values


def _wilson(share, n):
    """Return Wilson's interval of 95 % of a proportion."""
    z = 1.959963984540054
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return float(max(center - half, 0)), float(min(center + half, 1))


def _measure_changes(images, masks):
    """Return the mean absolute changes inside and outside the lungs."""
    pixels = [images[name].pixels for name in ("generated", "sources")]
    scale = np.iinfo(pixels[0].dtype).max if pixels[0].dtype.kind in "ui" else 1
    change = abs(pixels[0].astype(float) - pixels[1].astype(float)) / scale
    if change.ndim == 4:
        change = change.mean(axis=-1)
    inside = np.asarray(masks).astype(bool)
    if not inside.any() or inside.all():
        raise ValueError("masks must have pixels inside and outside the lungs.")
    return {
        "change_inside": float(change[inside].mean()),
        "change_outside": float(change[~inside].mean()),
    }
