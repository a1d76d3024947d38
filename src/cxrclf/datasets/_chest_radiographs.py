"""Synthetic chest radiographs with known classes, lungs and patients."""

from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_random_state

from cxrclf._utils.image_size import check_image_size
from cxrclf.datasets._anatomy import Anatomy
from cxrclf.datasets._body_grid import BodyGrid
from cxrclf.datasets._opacities import FINDINGS, add_opacities, vary_patches
from cxrclf.datasets._scanner import draw_pose, expose

_SMALLEST_SIDE = 16


def make_chest_radiographs(
    n_samples=300,
    *,
    classes=("covid", "normal", "pneumonia"),
    weights=None,
    image_size=224,
    n_patients=None,
    random_state=None,
):
    """Draw synthetic frontal chest radiographs.

    Each patient has a random anatomy (chest, heart, ribs, vessels, lungs). The class
    determines the opacities in the lungs, which vary in place, extent and density:

    - ``"normal"``: no opacities;
    - ``"pneumonia"``: one or two dense consolidations in one lobe;
    - ``"covid"``: faint ground-glass patches in both lungs, mostly peripheral and
      low;
    - ``"tuberculosis"``: opacities in one or both apices, sometimes with a cavity.

    Each image of a patient has its own pose, inspiration, exposure, contrast, blur,
    noise, collimation and side marker. Their distribution is the same for all classes.
    Neither the border nor the brightness of an image reveals its class, so a model has
    to find the opacities.

    Parameters
    ----------
    n_samples : int, default=300
        Number of images.
    classes : sequence of str, default=("covid", "normal", "pneumonia")
        Classes to draw: any of "covid", "normal", "pneumonia" and "tuberculosis".
    weights : sequence of float, default=None
        Fraction of the images in each class, in the order of `classes`. They are
        scaled to sum to 1. If None, all classes have the same number of images.
    image_size : int or (int, int), default=224
        Height and width in pixels, at least 16, or one int for square images. The
        patients do not depend on the size.
    n_patients : int, default=None
        Number of patients, from the number of classes to `n_samples`. Each patient has
        one class. If None, there are two patients per three images.
    random_state : int, RandomState instance or None, default=None
        Controls all random numbers. The same int gives the same bytes on the same
        machine. None gives different images in each call, and does not use the global
        generator.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        images : ndarray of shape (n_samples, height, width) of uint8
            Radiographs in random order. Air is dark and bone is bright.
        target : ndarray of shape (n_samples,) of str
            Class of each image.
        masks : ndarray of shape (n_samples, height, width) of bool
            Masks of the lung fields, without heart and mediastinum. Opacities belong
            to the lung fields.
        opacities : ndarray of shape (n_samples, height, width) of bool
            Masks of the opacities: the pixels of the lung fields in which opacities
            remove at least 15 % of the air. A cavity belongs to the mask only where
            another opacity covers it. The masks of "normal" are empty. Below 32 pixels
            per side, the mask of a small opacity may be empty as well.
        groups : ndarray of shape (n_samples,) of str
            Patient of each image: "patient0000", ...
        target_names : list of str
            Classes in sorted order.
        DESCR : str
            Description of the data.

    Raises
    ------
    ValueError
        If a parameter is out of range, or if a class would have no image or no
        patient.

    See Also
    --------
    save_image_folder : Write the images as files, with one folder per class.

    Notes
    -----
    The images are made to test software. They do not support any conclusion about
    patients. For the three default classes, a linear model on 32×32 or 64×64 pixels
    reaches a balanced accuracy of about 0.5 (chance: 1/3). A small convolutional
    network trained on 450 images reaches more than 0.9.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(6, image_size=64, random_state=0)
    >>> data.images.shape, data.images.dtype
    ((6, 64, 64), dtype('uint8'))
    >>> data.target_names
    ['covid', 'normal', 'pneumonia']
    """
    height, width = _check_size(image_size)
    classes = _check_classes(classes)
    if not _is_count(n_samples):
        raise ValueError(f"n_samples must be a positive int; got {n_samples!r}.")
    per_class = _images_per_class(n_samples, classes, weights)
    if n_patients is None:
        n_patients = max(len(classes), -(-2 * n_samples // 3))
    elif not _is_count(n_patients):
        raise ValueError(
            f"n_patients must be a positive int or None; got {n_patients!r}."
        )
    patients_per_class = _patients_per_class(n_patients, per_class, classes)

    seeds = _seed_sequence(random_state).spawn(3)
    order = np.random.default_rng(seeds[0])
    patients, finding = _assign_patients(order, per_class, patients_per_class)
    patient_seeds = seeds[1].spawn(n_patients)
    image_seeds = seeds[2].spawn(n_samples)
    images = np.empty((n_samples, height, width), dtype=np.uint8)
    masks = np.empty((n_samples, height, width), dtype=bool)
    opacities = np.empty_like(masks)
    for patient in range(n_patients):
        rng = np.random.default_rng(patient_seeds[patient])
        anatomy = Anatomy(rng)
        patches = FINDINGS[classes[finding[patient]]](rng, anatomy)
        for i in np.flatnonzero(patients == patient):
            images[i], masks[i], opacities[i] = _draw_radiograph(
                anatomy, patches, (height, width), np.random.default_rng(image_seeds[i])
            )
    return Bunch(
        images=images,
        target=np.array(classes)[finding[patients]],
        masks=masks,
        opacities=opacities,
        groups=np.array([f"patient{patient:04d}" for patient in patients]),
        target_names=sorted(classes),
        DESCR=(
            f"Synthetic chest radiographs: {n_samples} images of {n_patients} "
            f"patients, {height}×{width} pixels, classes {', '.join(sorted(classes))}. "
            "Drawn by cxrclf.datasets.make_chest_radiographs. They show no real "
            "person."
        ),
    )


def _draw_radiograph(anatomy, patches, image_size, rng):
    """Return one image of a patient, its lung mask and the mask of its opacities."""
    grid = BodyGrid(image_size, draw_pose(rng))
    shadow = anatomy.shadow(grid)
    # The patches have a generator of their own. The random numbers of pose and exposure
    # then do not depend on the number of patches, and so not on the class.
    patches = vary_patches(patches, rng.spawn(1)[0])
    attenuation, opacities = add_opacities(shadow, patches, grid, anatomy.lung_contrast)
    return expose(attenuation, rng), shadow.lungs, opacities


def _assign_patients(rng, per_class, patients_per_class):
    """Draw the patient of each image and the class number of each patient."""
    n_patients = sum(patients_per_class)
    # The numbers are shuffled, so the number of a patient does not reveal the class.
    numbers = rng.permutation(n_patients)
    finding = np.empty(n_patients, dtype=int)
    patients = []
    for label, (n_images, n) in enumerate(
        zip(per_class, patients_per_class, strict=True)
    ):
        own, numbers = numbers[:n], numbers[n:]
        finding[own] = label
        # Each patient has one image. The other images are drawn at random.
        patients.extend([own, rng.choice(own, n_images - n)])
    return rng.permutation(np.concatenate(patients)), finding


def _seed_sequence(random_state):
    if random_state is None:
        return np.random.SeedSequence()
    return np.random.SeedSequence(check_random_state(random_state).randint(2**31 - 1))


def _is_count(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


def _check_size(image_size):
    height, width = check_image_size(image_size)
    if min(height, width) < _SMALLEST_SIDE:
        raise ValueError(
            f"image_size must be at least {_SMALLEST_SIDE} pixels per side; got "
            f"{image_size!r}."
        )
    return height, width


def _check_classes(classes):
    if isinstance(classes, str):
        raise ValueError(f"classes must be a sequence; write [{classes!r}].")
    classes = list(classes)
    unknown = [name for name in classes if name not in FINDINGS]
    if unknown or not classes or len(set(classes)) < len(classes):
        raise ValueError(
            f"classes must be different names out of {sorted(FINDINGS)}; got "
            f"{classes!r}."
        )
    return classes


def _images_per_class(n_samples, classes, weights):
    shares = np.ones(len(classes)) if weights is None else np.asarray(weights, float)
    if shares.shape != (len(classes),):
        raise ValueError(
            f"weights must hold a share for each of the {len(classes)} classes; got "
            f"{weights!r}."
        )
    if not (np.isfinite(shares).all() and (shares > 0).all()):
        raise ValueError(
            f"weights must be positive and finite; got {weights!r}. Leave a class "
            "out of `classes` to draw none of it."
        )
    counts = _split_by_shares(n_samples, shares)
    if min(counts) < 1:
        raise ValueError(
            f"n_samples={n_samples} leaves no image for class "
            f"{classes[int(np.argmin(counts))]!r}. Increase n_samples or the weight "
            "of the class."
        )
    return counts


def _patients_per_class(n_patients, per_class, classes):
    n_samples = sum(per_class)
    if not len(classes) <= n_patients <= n_samples:
        raise ValueError(
            f"n_patients must lie between the number of classes, {len(classes)}, and "
            f"n_samples, {n_samples}; got {n_patients}."
        )
    # Each class has one patient. The other patients are split in proportion to the
    # remaining images of the classes.
    spare = np.array(per_class) - 1
    left = n_patients - len(classes)
    extra = _split_by_shares(left, spare) if left else [0] * len(classes)
    return [1 + n for n in extra]


def _split_by_shares(total, shares):
    """Split `total` into whole numbers by the method of largest remainders."""
    exact = total * np.asarray(shares, float) / np.sum(shares)
    parts = np.floor(exact).astype(int)
    # The parts with the largest remainders get one more. The stable sort prefers the
    # first of equal remainders.
    for i in np.argsort(parts - exact, kind="stable")[: total - parts.sum()]:
        parts[i] += 1
    return parts.tolist()
