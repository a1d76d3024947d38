"""Find copies of images."""

import numpy as np
import torch

from cxrclf._torch.threads import limit_threads, usable_threads
from cxrclf._utils.checks import check_int
from cxrclf.audit._copy_candidates import SIDE as SEARCHED
from cxrclf.audit._copy_candidates import find_candidates
from cxrclf.audit._copy_geometry import measure_geometry
from cxrclf.audit._describe_copies import EXACT, RE_ENCODED, describe_copies
from cxrclf.audit._duplicate_report import DuplicateReport
from cxrclf.audit._exact_copies import find_exact_copies, have_same_pixels
from cxrclf.audit._local_contrast import shrink
from cxrclf.audit._register_pairs import register_pairs
from cxrclf.audit._rows import name_rows
from cxrclf.audit._thumbnails import SIDE, make_thumbnails
from cxrclf.audit._verify_copies import correlate_details, is_copy
from cxrclf.images import ImageInput, read_image_sizes

_CHUNK = 1024


def find_duplicates(X, *, cache_dir=None, n_threads=None, verbose=0):
    """Find copies of images, also of changed images.

    Copies in the training set and in the test set make scores too good. This function
    finds images with the same pixels, and copies that were

    - saved in another format or with the losses of JPEG;
    - resized, or stretched to another aspect ratio;
    - changed in brightness, contrast or gamma, or inverted;
    - flipped left to right;
    - rotated by up to 5 degrees;
    - cropped by up to 10 % per side, or by 20 % on one side;
    - changed in several of these ways.

    Images are compared at 128 × 128 pixels in three steps:

    1. Each image is compared with views of all other images at 16 × 16 pixels. The
       eight nearest images are candidates.
    2. The candidates are registered: an affine map that puts one image on the other is
       fitted to their pixels, at 32, 64 and 128 pixels [1]_. Pairs with a low
       correlation are dropped at each level.
    3. The fine details of the remaining pairs are compared. The more the map changes,
       the higher is the correlation that a copy needs. The map also shows the kind of
       the copy.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    X : array-like of length n
        Images in any form that the estimators accept, except flat rows. n is 2 or more.
    cache_dir : path-like, default=None
        Folder of decoded files. A later call with the same folder reads them instead of
        the images. By default decoded files are deleted when the process ends.
    n_threads : int, default=None
        Number of CPU threads. None means the number of threads of torch.
    verbose : int, default=0
        Whether to show progress bars.

    Returns
    -------
    DuplicateReport
        Report with the pairs and groups of copies. ``print(report)`` shows it.

    Raises
    ------
    ValueError
        If there are fewer than two images, or images of several sizes in an array.
    ImageReadError
        If files cannot be read. The message names all of them.

    See Also
    --------
    leakage_report : Find copies on both sides of a split.
    link_groups : Keep copies together in the folds of any splitter.

    Notes
    -----
    Two radiographs of one patient are no copies. The search does not look for them.
    Pass patient ids as `groups` to :func:`leakage_report` to find them.

    A pair needs a correlation of 0.9 if both images show the same field, 0.97 if one
    image is a crop of the other, and 0.985 if more has changed. Copies below these
    limits are missed: images of less than about 100 pixels per side, or with strong
    losses of JPEG, that were also cropped or resized.

    The result depends neither on random numbers nor on the order of the images.

    References
    ----------
    .. [1] S. Benhimane and E. Malis, "Real-time image-based tracking of planes using
       efficient second-order minimization", IROS, 2004.

    Examples
    --------
    >>> from cxrclf.audit import find_duplicates
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> X = make_chest_radiographs(12, n_patients=12, random_state=0).images
    >>> X[10] = X[2]
    >>> X[11] = X[3][:, ::-1]
    >>> report = find_duplicates(X)
    >>> print(report.pairs)
    row_a  row_b     kind  correlation  image_a  image_b
    2         10    exact        1.000    row 2   row 10
    3         11  flipped        1.000    row 3   row 11
    """
    images = ImageInput.from_X(X, flat_rows=False)
    if len(images) < 2:
        raise ValueError(
            f"find_duplicates compares images, and X has {len(images)}. Pass two or "
            "more images."
        )
    if n_threads is not None:
        check_int(n_threads, "n_threads", 1)
    opened = images.open((SIDE, SIDE), cache_dir=cache_dir, verbose=verbose)
    with limit_threads(usable_threads(n_threads)), torch.inference_mode():
        first = find_exact_copies(images, opened.keys)
        thumbnails = make_thumbnails(opened, verbose=verbose)
        copies = np.flatnonzero(first != np.arange(len(first)))
        pairs = [(int(first[row]), int(row), EXACT, 1.0) for row in copies]
        pairs += _find_near(images, first, thumbnails, verbose)
        rows = np.unique([pair[:2] for pair in pairs]).astype(int)
        sizes = _read_sizes(images, rows)
    return DuplicateReport(
        sorted(pairs), name_rows(images), sizes, thumbnails.pixels, images.paths
    )


def _find_near(images, first, thumbnails, verbose):
    """Return the pairs of changed copies among images with different pixels."""
    rows = np.unique(first)
    # Images with one gray level have no pixels to compare.
    rows = rows[thumbnails.high[rows] > thumbnails.low[rows]]
    small = torch.cat(
        [
            shrink(torch.from_numpy(thumbnails.pixels[chunk]).float() / 255, SEARCHED)
            for chunk in np.split(rows, range(_CHUNK, len(rows), _CHUNK))
        ]
    )
    candidates = find_candidates(small, verbose=verbose)
    candidates = candidates._replace(
        moving=rows[candidates.moving], fixed=rows[candidates.fixed]
    )
    pixels = thumbnails.pixels
    index, maps = register_pairs(pixels, candidates, verbose=verbose)
    moving, fixed = candidates.moving[index], candidates.fixed[index]
    signs = candidates.signs[index]
    correlations = correlate_details(pixels, moving, fixed, maps, signs)
    sizes = _read_sizes(images, np.unique(np.r_[moving, fixed]))
    geometries = [
        measure_geometry(affine, sizes[a], sizes[b])
        for affine, a, b in zip(maps.numpy(), moving, fixed, strict=True)
    ]
    kinds = describe_copies(thumbnails, geometries, moving, fixed, maps, signs)
    pairs = [
        (int(min(a, b)), int(max(a, b)), kind, float(correlation))
        for a, b, kind, correlation, geometry in zip(
            moving, fixed, kinds, correlations, geometries, strict=True
        )
        if is_copy(correlation, geometry)
    ]
    return [
        (a, b, EXACT, 1.0)
        if kind == RE_ENCODED and have_same_pixels(images, a, b)
        else (a, b, kind, correlation)
        for a, b, kind, correlation in pairs
    ]


def _read_sizes(images, rows):
    """Return the height and width of some images, of shape (n, 2). Others are 1."""
    sizes = np.ones((len(images), 2), int)
    if images.paths is None:
        sizes[rows] = images.sample_shape[:2]
    elif len(rows):
        sizes[rows] = read_image_sizes(images.paths[rows])
    return sizes
