"""Load the Shenzhen radiographs with lung masks from another source."""

from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import check_folder, find_root
from cxrclf.datasets._left_out import merge_left_out
from cxrclf.datasets._nlm import (
    describe_nlm,
    find_nlm_images,
    pair_nlm_masks,
    read_nlm_fields,
)
from cxrclf.datasets._pairing import check_disjoint


def load_shenzhen(folder, *, masks=None, as_frame=False):
    r"""List the Shenzhen radiographs, with or without lung masks.

    The data set has 662 frontal radiographs, 326 normal and 336 with tuberculosis. Some
    show children [1]_. The National Library of Medicine publishes the images. Another
    group published lung masks for 566 of them [2]_. The layout is::

        ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png
        ChinaSet_AllFiles/ClinicalReadings/CHNCXR_0001_0.txt
        mask/CHNCXR_0001_0_mask.png

    Images are listed but not opened. The clinical readings are read.

    Parameters
    ----------
    folder : path-like
        Folder ``ChinaSet_AllFiles``, or a folder up to two levels above it.
    masks : path-like, default=None
        Folder of the lung masks. Images without a mask are omitted and counted in
        `DESCR`. If None, all images are listed without masks.
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
            Patient of each image: "CHNCXR_0001", ...
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F" or "M", or None if it is not known.
        age : ndarray of shape (n,) of float
            Age of each patient in years. Months, weeks and days in the reading are
            converted. NaN if it is not known or has no unit.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `mask` (with masks), `group`,
            `sex` and `age`. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist, or if a link in it points to a missing image
        or folder.
    NotADirectoryError
        If a folder is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder is not the folder of the data set, if a file name does not belong
        to the data set, or if a mask has no image. The message names all these files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_montgomery : List the other data set of the same source.
    load_montgomery_shenzhen : List both data sets from one folder.

    References
    ----------
    .. [1] Jaeger, S. et al. (2014). Two public chest X-ray datasets for
       computer-aided screening of pulmonary diseases. Quantitative Imaging in
       Medicine and Surgery 4(6), 475-477.
    .. [2] Stirenko, S. et al. (2018). Chest X-ray analysis of tuberculosis by deep
       learning with segmentation and augmentation. IEEE ELNANO, 422-428.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_shenzhen
    >>> names = ["ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png",
    ...          "ChinaSet_AllFiles/CXR_png/CHNCXR_0336_1.png",
    ...          "mask/CHNCXR_0001_0_mask.png"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in names:
    ...         path = Path(folder, name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         path.touch()
    ...     everyone = load_shenzhen(folder)
    ...     masked = load_shenzhen(folder, masks=f"{folder}/mask")
    >>> everyone.target.tolist(), masked.target.tolist()
    (['normal', 'tuberculosis'], ['normal'])
    >>> masked.masks.shape
    (1, 1)
    """
    pandas = import_pandas(as_frame, "load_shenzhen")
    if isinstance(masks, bool):
        raise ValueError(
            f"masks must be the folder of the lung masks, or None; got {masks!r}. The "
            "masks are published separately from the images."
        )
    if masks is not None:
        masks = check_folder(masks, "the folder of the lung masks")
    root = find_root(folder, _is_root, "ChinaSet_AllFiles, which holds CXR_png")
    if masks is not None:
        check_disjoint([root / "CXR_png", masks])
    mask_folders = [] if masks is None else [masks]
    images, found, left_out = find_nlm_images(root, {"CHNCXR"}, mask_folders)
    columns = None
    if masks is not None:
        images, columns, unpaired = pair_nlm_masks(images, found)
        left_out = merge_left_out(left_out, unpaired)
    fields = read_nlm_fields(root, images)
    description = describe_nlm("Shenzhen", images, fields, root)
    return make_image_bunch(
        [str(path) for path in images],
        {"target": fields.pop("target"), "masks": columns, **fields},
        description,
        left_out,
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and not (folder / "ManualMask").is_dir()
