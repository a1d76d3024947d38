"""Load the radiographs of the study by Punn and Agarwal (2020)."""

import os
from pathlib import Path

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.datasets._cohen_names import get_publication, read_cohen_patients
from cxrclf.datasets._count_texts import describe_shared, format_counts
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import check_folder, find_root, format_names
from cxrclf.datasets._left_out import format_path
from cxrclf.datasets._listed_images import check_missing
from cxrclf.datasets._punn_lists import LISTS, read_punn_lists
from cxrclf.datasets._rsna_tables import read_rsna_patients


def load_punn(
    folder,
    *,
    images,
    repeats=False,
    mapping=None,
    metadata=None,
    missing="raise",
    as_frame=False,
):
    r"""List the radiographs of the study by Punn and Agarwal (2020).

    The study joins images of three sets: the collection by Cohen et al. (108 images
    with COVID-19 and 45 with another pneumonia), the RSNA challenge (453 normal, 470
    pneumonia) and Montgomery County (80 normal, 58 tuberculosis) [1]_. The repository
    ``nspunn1993/COVID-19-PA-CXR-fused-dataset`` has the lists of images, without the
    images::

        train.csv
        validation.csv
        test.csv

    The images are found in the folders of the three sets, by their names without the
    extension. The lists are read, and images are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder with the lists, or a folder up to two levels above it.
    images : path-like or sequence of path-like
        Folders with the images of the three sets, such as ``stage_2_train_images``,
        ``covid-chestxray-dataset/images`` and ``MontgomerySet/CXR_png``. They are
        searched with their subfolders. The first image with a name is used.
    repeats : bool, default=False
        Whether to list an image several times, as the published lists do. By default
        each image is listed once, in the first part that has it.
    mapping : path-like, default=None
        File ``pneumonia-challenge-dataset-mappings_2018.json`` of the RSNA, which has
        the patients of the images of the RSNA. Without it, each of these images is a
        patient of its own.
    metadata : path-like, default=None
        File ``metadata.csv`` of ``ieee8023/covid-chestxray-dataset``, which has the
        patients of this collection. Without it, the publication is used, as far as the
        file name contains it.
    missing : {"raise", "drop"}, default="raise"
        What to do if images of the lists are not on disk: raise an error that names
        them, or leave them out.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, in the order of the lists. A DataFrame has the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "covid", "normal", "pneumonia" or "tuberculosis".
        target_names : list of str
            Classes in sorted order.
        split : ndarray of shape (n,) of str
            Part of the published split of each image: "train", "val" or "test".
        groups : ndarray of shape (n,) of str
            Patient of each image after its source, such as "montgomery/MCUCXR_0001".
        source : ndarray of shape (n,) of str
            Data set of each image: "cohen", "montgomery" or "rsna".
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `split`, `group` and `source`.
            None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of images in several parts.
        left_out : dict of str to list of str
            Names of the images that are not listed, by reason: "missing" (not on disk).

    Raises
    ------
    FileNotFoundError
        If a folder, a list, `mapping` or `metadata` does not exist or, with `missing`
        "raise", if images are missing. The message names them.
    NotADirectoryError
        If a folder is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If a parameter is not valid, if a list has other columns or labels, or if no
        image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    combine : Draw such a set from complete data sets.
    load_covid_chestxray, load_montgomery, load_rsna_pneumonia : List these data sets.

    Notes
    -----
    Problems of the data set:

    - The lists contain images several times, in one part and in several parts. At least
      17 of the 52 test images with pneumonia are also training images. The reason is
      probably that the table of the RSNA has one row per box and not per image. So the
      published scores of pneumonia are too good.
    - Images of one patient are in several parts. For instance, one of the four images
      with names that begin with "auntminnie" is in the test part.
    - The classes come from different sets: tuberculosis from Montgomery County, and
      COVID-19 from publications. A classifier may learn the sets.
    - The class "pneumonia" has images of the RSNA with an opacity that may be
      pneumonia, and other pneumonias of Cohen et al.
    - Images may have been removed from the collection by Cohen et al. since the study.

    References
    ----------
    .. [1] Punn, N. S., & Agarwal, S. (2021). Automated diagnosis of COVID-19 with
       limited posteroanterior chest X-ray images using fine-tuned deep neural networks.
       Applied Intelligence 51, 2689-2702.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_punn
    >>> lists = {"train": "0a9fd225-a33a-47de-849e-156933b21296.jpg,2\nAR-1.jpg,1\n",
    ...          "validation": "AR-2.jpg,1\n",
    ...          "test": "0a9fd225-a33a-47de-849e-156933b21296.jpg,2\n"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part, lines in lists.items():
    ...         text = "filename,label\n" + lines
    ...         _ = Path(folder, f"{part}.csv").write_text(text)
    ...     images = Path(folder, "images")
    ...     images.mkdir()
    ...     for name in ("AR-1.jpg", "AR-2.jpg",
    ...                  "0a9fd225-a33a-47de-849e-156933b21296.dcm"):
    ...         (images / name).touch()
    ...     data = load_punn(folder, images=images)
    >>> data.target.tolist(), data.split.tolist()
    (['pneumonia', 'covid', 'covid'], ['train', 'train', 'val'])
    >>> data.groups.tolist()[1:]
    ['cohen/ar', 'cohen/ar']
    """
    pandas = import_pandas(as_frame, "load_punn")
    check_missing(missing)
    root = find_root(folder, _is_root, "the folder that holds train.csv and test.csv")
    published = read_punn_lists(root)
    disk = _find_images(images)
    patients = {} if mapping is None else read_rsna_patients(Path(mapping))
    cohen = {} if metadata is None else read_cohen_patients(Path(metadata))
    rows = published if repeats else _drop_repeated(published)
    lost = [row["filename"] for row in rows if row["stem"] not in disk]
    _check_lost(lost, len(rows), missing)
    rows = [row for row in rows if row["stem"] in disk]
    groups = [_get_group(row, patients, cohen) for row in rows]
    fields = {
        name: np.array([row[name] for row in rows]) for name in ("target", "split")
    }
    fields["groups"] = np.array(groups)
    fields["source"] = np.array([row["source"] for row in rows])
    return make_image_bunch(
        [disk[row["stem"]] for row in rows],
        fields,
        _describe(root, published, fields),
        {"missing": lost} if lost else {},
        pandas,
    )


def _is_root(folder):
    return all((folder / LISTS[part]).is_file() for part in ("train", "test"))


def _find_images(images):
    """Return the path of each image by its name without the extension."""
    if isinstance(images, (str, os.PathLike)):
        images = [images]
    folders = [check_folder(path, "a folder with images") for path in images]
    found = {}
    for folder in folders:
        for path in find_images({"": folder}).paths[""]:
            found.setdefault(Path(path).stem.strip().casefold(), path)
    return found


def _drop_repeated(rows):
    """Return the first row of each image."""
    first = {}
    for row in rows:
        first.setdefault(row["stem"], row)
    return list(first.values())


def _check_lost(lost, n_images, missing):
    if lost and missing == "raise":
        raise FileNotFoundError(
            f"{len(lost)} of {n_images} images of the lists are not in the folders of "
            f"images: {format_names(lost)}. Add the folders of all three sets, or use "
            "missing='drop' to leave these images out."
        )
    if len(lost) == n_images:
        raise ValueError(
            "No image of the lists is in the folders of images, for example "
            f"{lost[0]!r}."
        )


def _get_group(row, patients, cohen):
    """Return the patient of an image after its source."""
    found = row["id"]
    if row["source"] == "rsna":
        found = patients.get(found, found)
    elif row["source"] == "cohen":
        name = row["filename"].casefold()
        found = cohen.get(name) or get_publication(row["filename"])
    return f"{row['source']}/{found}"


def _describe(root, published, fields):
    """Return the first sentences of `DESCR`."""
    parts = {}
    for row in published:
        parts.setdefault(row["stem"], set()).add(row["split"])
    n_shared = sum(len(found) > 1 for found in parts.values())
    return (
        f"{len(fields['target'])} radiographs of the study by Punn and Agarwal, by the "
        f"lists in {format_path(root)}. Images per class: "
        f"{format_counts(fields['target'])}. Images per part: "
        f"{format_counts(fields['split'])}. The lists have {len(published)} lines of "
        f"{format_count(len(parts), 'image')}, and "
        f"{format_count(n_shared, 'image is', 'images are')} in several parts."
        + describe_shared(fields["split"], fields["groups"])
    )
