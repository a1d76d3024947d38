"""Load the Montgomery County radiographs with lung masks."""

from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._nlm import describe_nlm, find_nlm_images, read_nlm_fields
from cxrclf.datasets._pairing import check_pairing, pair, stem_key

_SIDES = ("left", "right")


def load_montgomery(folder, *, as_frame=False):
    r"""List the Montgomery County radiographs with their lung masks.

    The data set has 138 frontal radiographs of a tuberculosis screening, 80 normal and
    58 with tuberculosis. The left and the right lung were drawn by hand [1]_. The
    National Library of Medicine publishes the data set in this layout::

        MontgomerySet/CXR_png/MCUCXR_0001_0.png
        MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png
        MontgomerySet/ManualMask/rightMask/MCUCXR_0001_0.png
        MontgomerySet/ClinicalReadings/MCUCXR_0001_0.txt

    Images are listed but not opened. The clinical readings are read.

    Parameters
    ----------
    folder : path-like
        Folder ``MontgomerySet``, or a folder up to two levels above it.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Sorted paths of the images as str. A DataFrame has the column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "normal" or "tuberculosis", from the last digit of the
            file name.
        target_names : list of str
            Classes in sorted order.
        masks : ndarray of shape (n, 2) of object, or DataFrame
            Paths of the masks of the left and of the right lung as str, to be used as y
            of a segmenter, which computes their union. A DataFrame has the columns
            `left_mask` and `right_mask`.
        groups : ndarray of shape (n,) of str
            Patient of each image: "MCUCXR_0001", ... If a reading has the words "same
            pt as" with another image, both images get the group of the lower number.
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F", "M", "O" (in one reading), or None if it is not
            known.
        age : ndarray of shape (n,) of float
            Age of each patient in years. NaN if it is not known.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `left_mask`, `right_mask`,
            `group`, `sex` and `age`. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist, or if a link in it points to a missing image
        or folder.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder is not the folder of the data set, if a file name does not belong
        to the data set, if an image has no mask, or if a mask has no image. The message
        names all these files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_montgomery_shenzhen : List both data sets from one folder.
    load_shenzhen : List the other data set of the same source.

    Notes
    -----
    Some images have wide black borders. Masks do not include the heart. Two readings
    name another image of the same patient. The reading of MCUCXR_0170_1 mentions
    earlier images without names, perhaps MCUCXR_0162_1 and MCUCXR_0166_1.

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
    pandas = import_pandas(as_frame, "load_montgomery")
    root = find_root(
        folder, _is_root, "MontgomerySet, which holds CXR_png and ManualMask"
    )
    sides = [root / "ManualMask" / f"{side}Mask" for side in _SIDES]
    images, masks, left_out = find_nlm_images(root, {"MCUCXR"}, sides)
    masks = {side.name: masks[str(side)] for side in sides}
    pairing = pair(images, masks, stem_key, [stem_key, stem_key])
    check_pairing(
        pairing,
        "The data set has both masks of each image. Unpack it again, or list the "
        'complete images with load_image_masks(unpaired="drop").',
    )
    fields = read_nlm_fields(root, images)
    columns = [f"{side}_mask" for side in _SIDES]
    masks = dict(zip(columns, pairing.masks, strict=True))
    description = describe_nlm("Montgomery County", images, fields, root)
    return make_image_bunch(
        pairing.images,
        {"target": fields.pop("target"), "masks": masks, **fields},
        f"{description} Each with a mask of the left and of the right lung.",
        left_out,
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and all(
        (folder / "ManualMask" / f"{side}Mask").is_dir() for side in _SIDES
    )
