"""Load the radiographs of DarkCovidNet."""

import re
from pathlib import Path

import numpy as np

from cxrclf.datasets._class_folders import list_class_folders
from cxrclf.datasets._cohen_names import get_publication, read_cohen_patients
from cxrclf.datasets._count_texts import format_counts
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import EXTENSIONS, find_root, format_names, subfolders
from cxrclf.datasets._left_out import format_path, merge_left_out

_CLASSES = {
    "covid-19": "Covid-19",
    "no_findings": "No_findings",
    "pneumonia": "Pneumonia",
}
_NIH = re.compile(r"(\d{8})_\d{3}")


def load_darkcovidnet(folder, *, metadata=None, as_frame=False):
    r"""List the radiographs of the study of DarkCovidNet by Ozturk et al. (2020).

    The data set has 125 images with COVID-19 from the collection by Cohen et al., and
    500 images each without findings and with pneumonia from the NIH [1]_. The
    repository is ``muhammedtalo/COVID-19``::

        X-Ray Image DataSet/Covid-19/nejmc2001573_f1b.jpeg
        X-Ray Image DataSet/No_findings/00001280_004.png
        X-Ray Image DataSet/Pneumonia/00000246_006.png

    Files are listed but not opened. Upper and lower case of the names of folders are
    the same.

    Parameters
    ----------
    folder : path-like
        Folder with the three class folders, or a folder up to two levels above it.
    metadata : path-like, default=None
        File ``metadata.csv`` of ``ieee8023/covid-chestxray-dataset``, which has the
        patients of the images with COVID-19. Without it, the publication is used, as
        far as the file name contains it.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, sorted by class and path. A DataFrame has the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "Covid-19", "No_findings" or "Pneumonia".
        target_names : list of str
            Classes in sorted order.
        groups : ndarray of shape (n,) of str
            Patient of each image: "nih/00001280", "cohen/4" with `metadata`, or
            "cohen/nejmc2001573" for the publication.
        source : ndarray of shape (n,) of str
            Data set of each image: "cohen" or "nih".
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `group` and `source`. None
            unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder or `metadata` does not exist, or if a link in the folder points to
        a missing image or folder.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder is not the folder of the data set, if a class is missing, if there
        are other classes, if an image of the NIH has another name, or if `metadata` has
        other columns.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_makris : List a set with many of the same images.
    load_covid_chestxray, load_nih_chest_xray : List the sets of the images.

    Notes
    -----
    Problems of the data set:

    - The size of a file gives the class away. All images of the NIH have 1024 × 1024
      pixels, and no image with COVID-19 does. So this rule tells COVID-19 from the rest
      without an error. The published accuracy is 98 % for COVID-19 against no findings,
      and 87 % for three classes [1]_.
    - Patients have several images: the 500 images without findings are of 332 patients
      (at most 12 images of one), and the 500 with pneumonia of 371. 21 patients are in
      both classes. The study divided the images at random. Split by `groups`.
    - The labels of the NIH images were extracted from reports by a program.
    - 46 files with COVID-19 are also in the set of `load_makris`. So none of the two
      sets is external data for the other one.

    References
    ----------
    .. [1] Ozturk, T. et al. (2020). Automated detection of COVID-19 cases using deep
       neural networks with X-ray images. Computers in Biology and Medicine 121, 103792.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_darkcovidnet
    >>> names = ["Covid-19/nejmc2001573_f1b.jpeg", "No_findings/00001280_004.png",
    ...          "Pneumonia/00001280_001.png"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in names:
    ...         path = Path(folder, "X-Ray Image DataSet", name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         path.touch()
    ...     data = load_darkcovidnet(folder)
    >>> data.target.tolist()
    ['Covid-19', 'No_findings', 'Pneumonia']
    >>> data.groups.tolist()
    ['cohen/nejmc2001573', 'nih/00001280', 'nih/00001280']
    """
    pandas = import_pandas(as_frame, "load_darkcovidnet")
    patients = {} if metadata is None else read_cohen_patients(Path(metadata))
    root = find_root(
        folder, _is_root, "the folder that holds Covid-19, No_findings and Pneumonia"
    )
    entries, left_out = list_class_folders(root, EXTENSIONS)
    folders = {name.casefold(): path for name, path in entries.items()}
    if folders.keys() != _CLASSES.keys() or len(folders) != len(entries):
        raise ValueError(
            f"{str(root)!r} must hold the folders {format_names([*_CLASSES.values()])} "
            f"only; found {format_names(list(entries))}. Unpack the data set again."
        )
    found = find_images({_CLASSES[name]: path for name, path in folders.items()})
    _check_files(root, found.paths)
    rows = [(path, name) for name, listed in found.paths.items() for path in listed]
    fields = {
        "target": np.array([name for _, name in rows]),
        "groups": np.array([_get_group(path, name, patients) for path, name in rows]),
    }
    fields["source"] = np.array([g.split("/")[0] for g in fields["groups"].tolist()])
    return make_image_bunch(
        [path for path, _ in rows],
        fields,
        _describe(root, fields),
        merge_left_out(left_out, found.left_out),
        pandas,
    )


def _is_root(folder):
    below = {path.name.casefold() for path in subfolders(folder)}
    return below >= {"covid-19", "no_findings"}


def _check_files(root, files):
    """Check that all classes have images, and the names of the images of the NIH."""
    empty = [name for name, listed in files.items() if not listed]
    if empty:
        raise ValueError(
            f"No image in {format_names(empty)} of {str(root)!r}. Unpack the data set "
            "again."
        )
    strange = [
        str(Path(path).relative_to(root))
        for name, listed in files.items()
        for path in listed
        if name != "Covid-19" and not _NIH.fullmatch(Path(path).stem)
    ]
    if strange:
        raise ValueError(
            "Images without findings and with pneumonia must be named like "
            f"00001280_004.png; other names ({len(strange)}) in {str(root)!r}: "
            f"{format_names(strange)}. Restore the published names, because they "
            "contain the patients."
        )


def _get_group(path, name, patients):
    """Return the patient of an image after its source."""
    if name == "Covid-19":
        file = Path(path).name.strip().casefold()
        return f"cohen/{patients.get(file) or get_publication(path)}"
    return f"nih/{_NIH.fullmatch(Path(path).stem)[1]}"


def _describe(root, fields):
    """Return the first sentences of `DESCR`."""
    target, groups = fields["target"], fields["groups"]
    nih = [group for group in groups.tolist() if group.startswith("nih/")]
    both = set(groups[target == "No_findings"]) & set(groups[target == "Pneumonia"])
    return (
        f"{len(target)} radiographs of DarkCovidNet in {format_path(root)}. Images per "
        f"class: {format_counts(target)}. Patients of the NIH: {len(set(nih))}, of "
        f"them in two classes: {len(both)}."
    )
