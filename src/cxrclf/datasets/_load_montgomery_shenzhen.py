"""Reading the folder that merges the Montgomery and the Shenzhen set."""

from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._nlm import (
    SETS,
    describe_nlm,
    masked_nlm,
    nlm_fields,
    nlm_images,
)


def load_montgomery_shenzhen(folder, *, masks=True, as_frame=False):
    r"""List the Montgomery and Shenzhen radiographs of one folder, with lung masks.

    Kaggle's "Chest Xray Masks and Labels" has both sets in one folder: 138 images of
    Montgomery County and 662 of Shenzhen, 704 of them with a lung mask::

        Lung Segmentation/CXR_png/MCUCXR_0001_0.png
        Lung Segmentation/CXR_png/CHNCXR_0001_0.png
        Lung Segmentation/masks/MCUCXR_0001_0.png
        Lung Segmentation/masks/CHNCXR_0001_0_mask.png
        Lung Segmentation/ClinicalReadings/MCUCXR_0001_0.txt

    Its folder ``test`` holds copies of the 96 images that have no mask and is not
    read. Images are listed, not opened; the clinical readings are read.

    Parameters
    ----------
    folder : path-like
        ``Lung Segmentation``, or a folder up to two levels above it.
    masks : bool, default=True
        Return masks and leave out the images without one, counted in `DESCR`. False
        lists all images, without masks.
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
        masks : ndarray of shape (n, 1) of object, DataFrame or None
            The paths of the masks of both lungs in one: y of a segmenter. As a frame,
            the column `mask`.
        groups : ndarray of shape (n,) of str
            The patients: "CHNCXR_0001", "MCUCXR_0001", ...; as in `load_montgomery`.
        sex : ndarray of shape (n,) of object
            "F", "M", "O" (in one reading), or None where it is not known.
        age : ndarray of shape (n,) of float
            In years; NaN where it is not known or has no unit.
        source : ndarray of shape (n,) of str
            "montgomery" or "shenzhen".
        frame : DataFrame or None
            The columns `path`, `target`, `mask` (with masks), `group`, `sex`, `age`
            and `source`; None unless `as_frame`.
        DESCR : str
            What was read, and how many images were left out.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If the folder is not that of the merged sets, if a name is not one of them, or
        if a mask has no image. All such files are named at once.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    load_montgomery, load_shenzhen : Read the sets as their authors publish them.

    Notes
    -----
    The hospitals differ in more than their patients, and in their share of
    tuberculosis. A model trained on one and tested on the other,
    ``LeaveOneGroupOut`` with ``groups=data.source``, scores lower than within one,
    and tells more.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_montgomery_shenzhen
    >>> names = ["CXR_png/MCUCXR_0104_1.png", "masks/MCUCXR_0104_1.png",
    ...          "CXR_png/CHNCXR_0001_0.png", "masks/CHNCXR_0001_0_mask.png"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in names:
    ...         path = Path(folder, "Lung Segmentation", name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         path.touch()
    ...     data = load_montgomery_shenzhen(folder)
    >>> data.source.tolist(), data.target.tolist()
    (['shenzhen', 'montgomery'], ['normal', 'tuberculosis'])
    """
    pandas = pandas_for(as_frame, "load_montgomery_shenzhen")
    root = find_root(
        folder, _is_root, "'Lung Segmentation', which holds CXR_png and masks"
    )
    images = nlm_images(root, set(SETS))
    n_images = len(images)
    columns = None
    if masks:
        images, columns = masked_nlm(images, root / "masks")
    fields = nlm_fields(root, images, with_source=True)
    described = describe_nlm("Montgomery County and Shenzhen", images, fields, root)
    if masks:
        described += f" Left out, without a lung mask: {n_images - len(images)}."
    return image_bunch(
        [str(path) for path in images],
        {"target": fields.pop("target"), "masks": columns, **fields},
        described,
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and (folder / "masks").is_dir()
