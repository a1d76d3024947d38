"""Load the Figure 1 collection of COVID-19 radiographs."""

import re

from cxrclf.datasets._covid_collection import CovidCollection, check_parameters
from cxrclf.datasets._covid_rows import make_fields
from cxrclf.datasets._image_bunch import import_pandas
from cxrclf.datasets._layout import format_names

_ID = re.compile(r"(COVID-\d+)[a-z]?", re.IGNORECASE)


def load_figure1_covid(folder, *, level=None, missing="raise", as_frame=False):
    r"""List the radiographs of the Figure 1 COVID-19 collection.

    Physicians sent the images to the network Figure 1. COVIDx joins them with other
    sets [1]_. The newest table has 55 images of 48 patients: 35 with COVID-19, 2 with
    pneumonia, 3 with no finding, and 15 without an entry, which are left out. The
    repository is ``agchung/Figure1-COVID-chestxray-dataset``::

        Figure1-COVID-chestxray-dataset/metadata.csv
        Figure1-COVID-chestxray-dataset/images/COVID-00003a.jpg

    The table is read, and images are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder ``Figure1-COVID-chestxray-dataset``, or a folder up to two levels above
        it.
    level : int, default=None
        Number of levels of the findings that make a class, 1 or more. Findings are
        converted to the paths of `load_covid_chestxray`, such as
        "Pneumonia/Viral/COVID-19". By default all levels.
    missing : {"raise", "drop"}, default="raise"
        What to do if images that would be listed are not on disk: raise an error that
        names them, or leave them out.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, in the order of the table. A DataFrame has the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: its finding with at most `level` levels.
        target_names : list of str
            Classes in sorted order.
        groups : ndarray of shape (n,) of str
            Patient of each image, such as "COVID-00003": the name without the letter
            that tells the images of one patient apart.
        finding : ndarray of shape (n,) of object
            Finding of each image as in the table.
        view : ndarray of shape (n,) of object
            View of each image: "PA", "AP", "AP erect", or None for most images.
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F" or "M", or None if it is not known.
        offset : ndarray of shape (n,) of float
            Days from the start of symptoms to the visit. NaN if it is not known.
        age : ndarray of shape (n,) of float
            Age of each patient in years. NaN if it is not known, or not exact ("50+").
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `group` and the other
            attributes. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files that are not listed, by reason. See
            `load_covid_chestxray`.

    Raises
    ------
    FileNotFoundError
        If the folder or its folder of images does not exist or, with `missing`
        "raise", if images are missing. The message names them.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If a parameter is not valid, if the folder is not the folder of the data set, if
        the table belongs to another set, or if no image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_covid_chestxray : List a larger collection with the same classes.
    load_actualmed_covid : List another collection of the same group.

    Notes
    -----
    Nearly all images have COVID-19, so the class and the set are confounded if other
    classes come from other sets. Several images are photographs of monitors.
    "COVID-19" is often the opinion of the sender: the notes report few tests.

    The images of one patient share one `offset`, also if they were taken on different
    days: "COVID-00040a" was taken a year before "COVID-00040b", and both have the
    offset 7. So do not use it to order the images of a patient.

    The README allows research only. It names no license.

    References
    ----------
    .. [1] Wang, L., Lin, Z. Q., & Wong, A. (2020). COVID-Net: a tailored deep
       convolutional neural network design for detection of COVID-19 cases from chest
       X-ray images. Scientific Reports 10, 19549.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_figure1_covid
    >>> table = '''patientid,offset,sex,age,finding,view,modality
    ... COVID-00001,13,M,33,COVID-19,AP erect,X-ray
    ... COVID-00039a,10,F,77,COVID-19,AP erect,X-ray
    ... COVID-00039b,10,F,77,COVID-19,AP erect,X-ray
    ... COVID-00041,7,,mid 50s,,AP erect,X-ray
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "images").mkdir()
    ...     for name in ("00001.jpg", "00039a.png", "00039b.png", "00041.jpg"):
    ...         Path(folder, "images", f"COVID-{name}").touch()
    ...     _ = Path(folder, "metadata.csv").write_text(table)
    ...     data = load_figure1_covid(folder)
    >>> data.groups.tolist()
    ['COVID-00001', 'COVID-00039', 'COVID-00039']
    >>> {why: len(paths) for why, paths in data.left_out.items()}
    {'finding': 1}
    """
    pandas = import_pandas(as_frame, "load_figure1_covid")
    check_parameters(level, missing)
    columns = ["patientid", "finding", "view"]
    collection = CovidCollection(folder, "Figure1-COVID-chestxray-dataset", columns)
    ids = [row["patientid"] for row in collection.rows]
    strange = [name for name in ids if not _ID.fullmatch(name)]
    if strange:
        raise ValueError(
            f"{str(collection.root / 'metadata.csv')!r} has ids that are not like "
            f"'COVID-00003a' ({len(strange)}): {format_names(strange)}. "
            f"{collection.hint}"
        )
    for row, name in zip(collection.rows, ids, strict=True):
        row |= {"filename": name, "patientid": _ID.fullmatch(name)[1].upper()}
    listed = collection.list_images(level=level, missing=missing, bare=True)
    fields = make_fields(listed.rows, ["sex"], ["offset", "age"])
    return collection.make_bunch("Figure 1 COVID-19", listed, fields, pandas)
