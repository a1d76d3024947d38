"""Load the Montgomery and the Shenzhen radiographs from one folder."""

from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._left_out import merge_left_out
from cxrclf.datasets._nlm import (
    SETS,
    describe_nlm,
    find_nlm_images,
    pair_nlm_masks,
    read_nlm_fields,
)


def load_montgomery_shenzhen(folder, *, masks=True, as_frame=False):
    r"""List the Montgomery and Shenzhen radiographs of one folder, with lung masks.

    Kaggle's "Chest Xray Masks and Labels" has both data sets in one folder. 138 images
    come from Montgomery County and 662 from Shenzhen. 704 of them have a lung mask::

        Lung Segmentation/CXR_png/MCUCXR_0001_0.png
        Lung Segmentation/CXR_png/CHNCXR_0001_0.png
        Lung Segmentation/masks/MCUCXR_0001_0.png
        Lung Segmentation/masks/CHNCXR_0001_0_mask.png
        Lung Segmentation/ClinicalReadings/MCUCXR_0001_0.txt

    The folder ``test`` is not read. It has copies of the 96 images without a mask.
    Images are listed but not opened. The clinical readings are read.

    Parameters
    ----------
    folder : path-like
        Folder ``Lung Segmentation``, or a folder up to two levels above it.
    masks : bool, default=True
        Whether to return masks. If True, images without a mask are omitted and counted
        in `DESCR`. If False, all images are listed without masks.
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
        masks : ndarray of shape (n, 1) of object, DataFrame or None
            Paths of the masks as str, to be used as y of a segmenter. Each mask has
            both lungs. A DataFrame has the column `mask`.
        groups : ndarray of shape (n,) of str
            Patient of each image: "CHNCXR_0001", "MCUCXR_0001", ... See
            `load_montgomery`.
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F", "M", "O" (in one reading), or None if it is not
            known.
        age : ndarray of shape (n,) of float
            Age of each patient in years. NaN if it is not known or has no unit.
        source : ndarray of shape (n,) of str
            Data set of each image: "montgomery" or "shenzhen".
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `mask` (with masks), `group`,
            `sex`, `age` and `source`. None unless `as_frame` is true.
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
        If the folder is not the folder of the merged data sets, if a file name does not
        belong to them, or if a mask has no image. The message names all these files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_montgomery, load_shenzhen : List the data sets as published by their authors.

    Notes
    -----
    The hospitals differ in their devices and in their fraction of tuberculosis. To
    measure how a model generalizes, train it on one hospital and test it on the other,
    with ``LeaveOneGroupOut`` and ``groups=data.source``. Scores are then lower than
    within one hospital, and more realistic.

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
    pandas = import_pandas(as_frame, "load_montgomery_shenzhen")
    root = find_root(
        folder, _is_root, "'Lung Segmentation', which holds CXR_png and masks"
    )
    mask_folders = [root / "masks"] if masks else []
    images, found, left_out = find_nlm_images(root, set(SETS), mask_folders)
    columns = None
    if masks:
        images, columns, unpaired = pair_nlm_masks(images, found)
        left_out = merge_left_out(left_out, unpaired)
    fields = read_nlm_fields(root, images, with_source=True)
    description = describe_nlm("Montgomery County and Shenzhen", images, fields, root)
    return make_image_bunch(
        [str(path) for path in images],
        {"target": fields.pop("target"), "masks": columns, **fields},
        description,
        left_out,
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and (folder / "masks").is_dir()
