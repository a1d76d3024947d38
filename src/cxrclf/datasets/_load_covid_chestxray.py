"""Load the COVID-19 image data collection of ieee8023."""

from cxrclf.datasets._covid_collection import CovidCollection, check_parameters
from cxrclf.datasets._covid_rows import check_views, get_site, make_fields
from cxrclf.datasets._image_bunch import import_pandas


def load_covid_chestxray(
    folder, *, views="frontal", level=None, missing="raise", as_frame=False
):
    r"""List the radiographs of the COVID-19 image data collection by Cohen et al.

    The collection has radiographs and CT images from publications and web pages, with
    a table of findings and patients [1]_ [2]_. It is the repository
    ``ieee8023/covid-chestxray-dataset``::

        covid-chestxray-dataset/metadata.csv
        covid-chestxray-dataset/images/16953_3_1.jpg

    All versions of the table can be read: the first ones with the columns `Patientid`
    and `notes`, those with `modality` and names such as "COVID-19, ARDS", and the newer
    ones with paths such as "Pneumonia/Viral/COVID-19". Names are converted to these
    paths, so that all versions have the same classes. The table is read, and images
    are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder ``covid-chestxray-dataset``, or a folder up to two levels above it.
    views : {"frontal", "all"} or sequence of str, default="frontal"
        Views to list. "frontal" lists PA and all kinds of AP, "all" also lateral
        radiographs and those without a view. A sequence names single views, such as
        ``["PA", "AP", "AP Supine"]``. CT images are never listed.
    level : int, default=None
        Number of levels of the findings that make a class, 1 or more. Of
        "Pneumonia/Viral/COVID-19", 1 leaves "Pneumonia", and 2 leaves
        "Pneumonia/Viral". By default all levels.
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
            Patient of each image: column `patientid`.
        finding : ndarray of shape (n,) of object
            Finding of each image as in the table.
        view : ndarray of shape (n,) of object
            View of each image: "PA", "AP", "AP Supine", "L", ..., or None.
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F" or "M", or None if it is not known.
        source : ndarray of shape (n,) of object
            Site that published each image, such as "radiopaedia.org": the host of its
            URL, or None.
        location : ndarray of shape (n,) of object
            Hospital, city or country of each image, or None.
        url, doi, license : ndarray of shape (n,) of object
            Web page, publication and license of each image, or None.
        offset : ndarray of shape (n,) of float
            Days from the start of symptoms, or from the admission to a hospital, to
            each image. NaN if it is not known.
        age : ndarray of shape (n,) of float
            Age of each patient in years. NaN if it is not known.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `group` and the other
            attributes. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files that are not listed, by reason: "modality" (CT), "view",
            "finding" (none, "Unknown" or "todo"), "patient" (no patient id), "conflict"
            (rows that disagree about one image), "missing" (not on disk), "unlisted"
            (not in the table), and the reasons in the notes of `load_image_folder`.

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
        the table has other columns, or if no image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_figure1_covid : List a smaller collection from another source.
    load_actualmed_covid : List a collection with dates and machines.
    load_covid_radiography : List a set that contains many images of this one.

    Notes
    -----
    The set has almost no normal radiographs. Its README counts 319 PA and AP
    radiographs with COVID-19 and 14 without a finding. Studies therefore add healthy
    people from other sets, and a classifier may learn the sources instead of the
    disease. Compare the classes within one `source`, or pass `source` to
    `shortcut_report`.

    A finding belongs to the patient and not to the image: radiographs before the
    first opacity and after recovery have the class of the disease, with notes such as
    "No thoracic abnormalities were noted". COVID-19 was not always confirmed by a PCR
    test. A patient can have images with different findings.

    Patients have up to many images of different days. So split by `groups`. At
    one time two patients shared the id 62. Such images only stay together in a split.

    Images are figures of publications: many are JPEG files with arrows, letters and
    cropped borders, and some have four channels or a palette. Images were added and
    removed over time, so the table and the images must have the same version. Two
    children were removed in July 2020.

    Each image has its own license: Apache 2.0, CC BY, CC BY-NC-SA or none. The table
    has the license CC BY-NC-SA 4.0.

    References
    ----------
    .. [1] Cohen, J. P., Morrison, P., & Dao, L. (2020). COVID-19 image data
       collection. arXiv:2003.11597.
    .. [2] Cohen, J. P., Morrison, P., Dao, L., Roth, K., Duong, T. Q., & Ghassemi, M.
       (2020). COVID-19 image data collection: Prospective predictions are the future.
       arXiv:2006.11988.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_covid_chestxray
    >>> table = '''patientid,offset,finding,view,modality,filename,url
    ... 2,0,Pneumonia/Viral/COVID-19,PA,X-ray,a.jpg,https://www.nejm.org/x
    ... 2,3,Pneumonia/Viral/COVID-19,AP Supine,X-ray,b.jpg,https://www.nejm.org/x
    ... 3,4,Pneumonia/Viral/SARS,L,X-ray,c.jpg,https://pubs.rsna.org/y
    ... 5,,No Finding,PA,X-ray,d.png,https://radiopaedia.org/z
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "images").mkdir()
    ...     for name in ("a.jpg", "b.jpg", "c.jpg", "d.png"):
    ...         Path(folder, "images", name).touch()
    ...     _ = Path(folder, "metadata.csv").write_text(table)
    ...     data = load_covid_chestxray(folder, level=2)
    >>> data.target.tolist()
    ['Pneumonia/Viral', 'Pneumonia/Viral', 'No Finding']
    >>> data.groups.tolist(), data.offset.tolist()
    (['2', '2', '5'], [0.0, 3.0, nan])
    >>> {why: len(paths) for why, paths in data.left_out.items()}
    {'view': 1}
    """
    pandas = import_pandas(as_frame, "load_covid_chestxray")
    views = check_views(views)
    check_parameters(level, missing)
    columns = ["patientid", "finding", "view", "filename"]
    collection = CovidCollection(folder, "covid-chestxray-dataset", columns)
    listed = collection.list_images(views, level, missing)
    for row in listed.rows:
        row["source"] = get_site(row.get("url", ""))
    texts = ("sex", "source", "location", "url", "doi", "license")
    fields = make_fields(listed.rows, texts, ("offset", "age"))
    return collection.make_bunch(
        "COVID-19 image data collection", listed, fields, pandas
    )
