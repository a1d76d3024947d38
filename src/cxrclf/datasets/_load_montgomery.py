"""Reading the Montgomery County set of radiographs with lung masks."""

from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import find_root, images_below
from cxrclf.datasets._nlm import describe_nlm, nlm_fields, nlm_images
from cxrclf.datasets._pairing import check_pairing, pair, stem_key

_SIDES = ("left", "right")


def load_montgomery(folder, *, as_frame=False):
    r"""List the Montgomery County radiographs with their lung masks.

    138 frontal radiographs of a tuberculosis screening, 80 normal and 58 with
    tuberculosis, with the left and the right lung drawn by hand [1]_. The layout
    is that of the National Library of Medicine::

        MontgomerySet/CXR_png/MCUCXR_0001_0.png
        MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png
        MontgomerySet/ManualMask/rightMask/MCUCXR_0001_0.png
        MontgomerySet/ClinicalReadings/MCUCXR_0001_0.txt

    Images are listed, not opened; the clinical readings are read.

    Parameters
    ----------
    folder : path-like
        ``MontgomerySet``, or a folder up to two levels above it.
    as_frame : bool, default=False
        Return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            The paths of the images as str, sorted; as a frame, the column `path`.
        target : ndarray of shape (n,) of str, or Series
            "normal" or "tuberculosis", by the last digit of the name.
        target_names : list of str
            The classes in sorted order.
        masks : ndarray of shape (n, 2) of object, or DataFrame
            The paths of the masks of both lungs: y of a segmenter, which takes
            their union. As a frame, the columns `left_mask` and `right_mask`.
        groups : ndarray of shape (n,) of str
            The patients: "MCUCXR_0001", ... A reading that says "same pt as" another
            image puts both in the group of the lower number.
        sex : ndarray of shape (n,) of object
            "F", "M", "O" (in one reading), or None where it is not known.
        age : ndarray of shape (n,) of float
            In years; NaN where it is not known.
        frame : DataFrame or None
            The columns `path`, `target`, `left_mask`, `right_mask`, `group`, `sex`
            and `age`; None unless `as_frame`.
        DESCR : str
            What was read.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If the folder is not that of the set, if a name is not one of the set, or if
        an image lacks a mask or a mask its image. All such files are named at once.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    load_montgomery_shenzhen : Read both sets from one folder.
    load_shenzhen : Read the other set of the same source.

    Notes
    -----
    Some images have wide black borders. Masks leave out the heart's shadow. Two
    readings name another image of the same patient; that of MCUCXR_0170_1 speaks of
    earlier images without naming them, perhaps MCUCXR_0162_1 and MCUCXR_0166_1.

    References
    ----------
    .. [1] Jaeger, S. et al. (2014). Two public chest X-ray datasets for
       computer-aided screening of pulmonary diseases. Quantitative Imaging in
       Medicine and Surgery 4(6), 475-477.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_montgomery
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part in ("CXR_png", "ManualMask/leftMask", "ManualMask/rightMask"):
    ...         path = Path(folder, "MontgomerySet", part, "MCUCXR_0104_1.png")
    ...         path.parent.mkdir(parents=True)
    ...         path.touch()
    ...     data = load_montgomery(folder)
    >>> data.masks.shape, data.target.tolist(), data.groups.tolist()
    ((1, 2), ['tuberculosis'], ['MCUCXR_0104'])
    """
    pandas = pandas_for(as_frame, "load_montgomery")
    root = find_root(
        folder, _is_root, "MontgomerySet, which holds CXR_png and ManualMask"
    )
    images = nlm_images(root, {"MCUCXR"})
    sides = [root / "ManualMask" / f"{side}Mask" for side in _SIDES]
    masks = {side.name: images_below(side) for side in sides}
    pairing = pair(images, masks, stem_key, [stem_key, stem_key])
    check_pairing(
        pairing,
        "The set has both masks of each image: unpack it again, or read what there is "
        'with load_image_masks(unpaired="drop").',
    )
    fields = nlm_fields(root, images)
    columns = [f"{side}_mask" for side in _SIDES]
    masks = dict(zip(columns, pairing.masks, strict=True))
    described = describe_nlm("Montgomery County", images, fields, root)
    return image_bunch(
        pairing.images,
        {"target": fields.pop("target"), "masks": masks, **fields},
        f"{described} Each with a mask of the left and of the right lung.",
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and all(
        (folder / "ManualMask" / f"{side}Mask").is_dir() for side in _SIDES
    )
