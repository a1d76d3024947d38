"""Load the Actualmed collection of COVID-19 radiographs."""

import re
from datetime import datetime

import numpy as np

from cxrclf.datasets._covid_collection import CovidCollection, check_parameters
from cxrclf.datasets._covid_rows import check_views, make_fields
from cxrclf.datasets._image_bunch import import_pandas

_DATE = re.compile(r"date taken \(YYYYMMDD\): *(\d{8})\b", re.IGNORECASE)
_DEVICE = re.compile(r"(CR|DX)\.", re.IGNORECASE)


def load_actualmed_covid(
    folder, *, views="frontal", level=None, missing="raise", as_frame=False
):
    r"""List the radiographs of the Actualmed COVID-19 collection.

    The table has 238 images of 215 patients, taken in March and April 2020: 58 with
    COVID-19, 127 with no finding, and 53 inconclusive ones without an entry, which are
    left out. COVIDx joins them with other sets [1]_. The repository is
    ``agchung/Actualmed-COVID-chestxray-dataset``::

        Actualmed-COVID-chestxray-dataset/metadata.csv
        Actualmed-COVID-chestxray-dataset/images/CR.1.2.840. ... .png

    The table is read, and images are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder ``Actualmed-COVID-chestxray-dataset``, or a folder up to two levels above
        it.
    views : {"frontal", "all"} or sequence of str, default="frontal"
        Views to list. "frontal" lists PA and AP, and "all" also images without a
        view. A sequence names single views, such as ``["PA"]``.
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
            Patient of each image: "ANON196", ...
        finding : ndarray of shape (n,) of object
            Finding of each image as in the table.
        view : ndarray of shape (n,) of object
            View of each image: "PA" or "AP".
        device : ndarray of shape (n,) of object
            Kind of the machine: "CR" (computed radiography) or "DX" (digital
            radiography), from the file name. None for other names.
        date : ndarray of shape (n,) of datetime64[D]
            Day on which each image was taken, from the notes. NaT if it is not there.
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
    load_figure1_covid : List another collection of the same group.

    Notes
    -----
    "No finding" means that an infection with the virus was excluded. It does not mean
    that the radiograph is normal.

    The classes differ in `view` and `device`. COVID-19 is the class of about 26 of the
    30 AP images, but of 32 of the 155 PA images; of 35 of the 58 CR images, but of 23
    of the 127 DX images. A classifier may learn how the image was taken. Pass both to
    `shortcut_report`.

    A few patients have images in both classes, such as before and after the infection.
    So split by `groups`. The table has columns for sex and age, but they are empty.

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
    >>> from cxrclf.datasets import load_actualmed_covid
    >>> table = '''patientid,finding,view,modality,imagename,notes
    ... ANON58,COVID-19,AP,X-ray,CR.1.png,", date taken (YYYYMMDD): 20200326"
    ... ANON58,No finding,PA,X-ray,CR.2.png,"Negative, date taken (YYYYMMDD): 20200401"
    ... ANON3,,PA,X-ray,DX.3.png,"Inconclusive, date taken (YYYYMMDD): 20200420"
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "images").mkdir()
    ...     for name in ("CR.1.png", "CR.2.png", "DX.3.png"):
    ...         Path(folder, "images", name).touch()
    ...     _ = Path(folder, "metadata.csv").write_text(table)
    ...     data = load_actualmed_covid(folder)
    >>> data.target.tolist(), data.device.tolist()
    (['Pneumonia/Viral/COVID-19', 'No Finding'], ['CR', 'CR'])
    >>> data.date.astype(str).tolist()
    ['2020-03-26', '2020-04-01']
    """
    pandas = import_pandas(as_frame, "load_actualmed_covid")
    views = check_views(views)
    check_parameters(level, missing)
    columns = ["patientid", "finding", "view", "imagename"]
    collection = CovidCollection(folder, "Actualmed-COVID-chestxray-dataset", columns)
    for row in collection.rows:
        row["filename"] = row["imagename"]
    listed = collection.list_images(views, level, missing)
    for row in listed.rows:
        kind = _DEVICE.match(row["filename"])
        row["device"] = kind and kind[1].upper()
    fields = make_fields(listed.rows, ["device"])
    dates = [_find_date(row.get("notes", "")) for row in listed.rows]
    fields["date"] = np.array(dates, dtype="datetime64[D]")
    return collection.make_bunch("Actualmed COVID-19", listed, fields, pandas)


def _find_date(notes):
    """Return the day in the notes of an image, or "NaT"."""
    found = _DATE.search(notes)
    try:
        return datetime.strptime(found[1], "%Y%m%d").date() if found else "NaT"
    except ValueError:
        return "NaT"
