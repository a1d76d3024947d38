"""Reading the Shenzhen set of radiographs, with lung masks from elsewhere."""

from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import check_folder, find_root
from cxrclf.datasets._nlm import describe_nlm, masked_nlm, nlm_fields, nlm_images
from cxrclf.datasets._pairing import check_apart


def load_shenzhen(folder, *, masks=None, as_frame=False):
    r"""List the Shenzhen radiographs, with their lung masks where these are given.

    662 frontal radiographs, 326 normal and 336 with tuberculosis, some of children
    [1]_. The layout is that of the National Library of Medicine; lung masks were
    drawn later, by others, for 566 of the images [2]_::

        ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png
        ChinaSet_AllFiles/ClinicalReadings/CHNCXR_0001_0.txt
        mask/CHNCXR_0001_0_mask.png

    Images are listed, not opened; the clinical readings are read.

    Parameters
    ----------
    folder : path-like
        ``ChinaSet_AllFiles``, or a folder up to two levels above it.
    masks : path-like, default=None
        The folder of the lung masks. Images without one are left out, and counted in
        `DESCR`. None lists all images, without masks.
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
            The patients: "CHNCXR_0001", ...
        sex : ndarray of shape (n,) of object
            "F" or "M", or None where it is not known.
        age : ndarray of shape (n,) of float
            In years, also where the reading has months or days; NaN where it is not
            known or has no unit.
        frame : DataFrame or None
            The columns `path`, `target`, `mask` (with masks), `group`, `sex` and
            `age`; None unless `as_frame`.
        DESCR : str
            What was read, and how many images were left out.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist.
    NotADirectoryError
        If a folder is a file.
    ValueError
        If the folder is not that of the set, if a name is not one of the set, or if a
        mask has no image. All such files are named at once.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    load_montgomery : Read the other set of the same source.
    load_montgomery_shenzhen : Read both sets from one folder.

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
    pandas = pandas_for(as_frame, "load_shenzhen")
    if isinstance(masks, bool):
        raise ValueError(
            "masks must be the folder of the lung masks, or None; they are published "
            f"apart from the images. Got {masks!r}."
        )
    if masks is not None:
        masks = check_folder(masks, "the folder of the lung masks")
    root = find_root(folder, _is_root, "ChinaSet_AllFiles, which holds CXR_png")
    if masks is not None:
        check_apart([root / "CXR_png", masks])
    images = nlm_images(root, {"CHNCXR"})
    n_images = len(images)
    columns = None
    if masks is not None:
        images, columns = masked_nlm(images, masks)
    fields = nlm_fields(root, images)
    described = describe_nlm("Shenzhen", images, fields, root)
    if masks is not None:
        described += f" Left out, without a lung mask: {n_images - len(images)}."
    return image_bunch(
        [str(path) for path in images],
        {"target": fields.pop("target"), "masks": columns, **fields},
        described,
        pandas,
    )


def _is_root(folder):
    return (folder / "CXR_png").is_dir() and not (folder / "ManualMask").is_dir()
