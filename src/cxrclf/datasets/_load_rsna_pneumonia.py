"""Load the radiographs of the RSNA pneumonia challenge."""

from collections import Counter
from pathlib import Path

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import find_root, format_names
from cxrclf.datasets._left_out import format_path
from cxrclf.datasets._listed_images import check_missing, list_images
from cxrclf.datasets._rsna_tables import (
    CLASSES,
    LABELS,
    MAPPING,
    read_rsna_patients,
    read_rsna_tables,
)
from cxrclf.images import read_image_metadata

_IMAGES = "stage_2_train_images"


def load_rsna_pneumonia(
    folder, *, mapping=None, read_views=False, missing="raise", as_frame=False
):
    r"""List the radiographs of the RSNA pneumonia challenge (2018).

    The training part of stage 2 has 26,684 frontal radiographs of 1024 × 1024 pixels.
    They come from the NIH set ChestX-ray14 and have new labels by radiologists, with
    boxes around opacities that may be pneumonia [1]_. The layout is::

        stage_2_train_images/0004cfab-14fd-4e49-80ba-63a80b6bddd6.dcm
        stage_2_train_labels.csv
        stage_2_detailed_class_info.csv

    The columns `patientId` and `class` of the table of classes and all columns of the
    table of labels are used. Images are listed but not opened, unless `read_views` is
    true. Images in other formats, such as PNG, are also listed, if their names are the
    same. The test part, ``stage_2_test_images``, has no published labels and is not
    listed.

    Parameters
    ----------
    folder : path-like
        Folder with the tables and the folder of images, or a folder up to two levels
        above it.
    mapping : path-like, default=None
        File ``pneumonia-challenge-dataset-mappings_2018.json`` of the RSNA, which has
        the NIH image of each image, and so the patients. If None, the file of this name
        beside the tables is read, if there is one.
    read_views : bool, default=False
        Whether to read the view of each image from its DICOM header. Needs pydicom.
    missing : {"raise", "drop"}, default="raise"
        What to do if images of the tables are not on disk: raise an error that names
        them, or leave them out.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, in the order of the table of classes. A
            DataFrame has the column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "Lung Opacity", "No Lung Opacity / Not Normal" or
            "Normal".
        target_names : list of str
            Classes in sorted order.
        groups : ndarray of shape (n,) of str
            NIH patient of each image, such as "00019124". Without the mapping, and for
            images that it lacks, the id of the image. See the notes.
        view : ndarray of shape (n,) of object, or None
            View of each image: "AP" or "PA", or None where the header lacks it. None
            if `read_views` is false.
        boxes : list of n ndarrays of shape (k, 4) of float
            Boxes around the opacities of each image: left, top, width and height in
            pixels of the original image. k is 0 without an opacity.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `group` and, with views,
            `view`. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed. It
            warns if patients are not known.
        left_out : dict of str to list of str
            Paths of the files that are not listed, by reason: "missing" (not on disk),
            "unlisted" (not in the tables), and the reasons in the notes of
            `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder, a table or the mapping does not exist or, with `missing` "raise",
        if images are missing. The message names them.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If `missing` is not valid, if the folder is not the folder of the data set, if a
        table or the mapping has another content, if the tables contradict each other,
        if the mapping has none of the images, or if no image is left.
    ImageReadError
        If `read_views` is true and images cannot be read. The message names them.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed, or if `read_views` is true
        and pydicom is not installed.

    See Also
    --------
    load_covid_radiography : List a set that contains many images of this one.

    Notes
    -----
    Problems of the data set:

    - The column `patientId` has one id per image, not per patient. Almost all images
      are known to come from 11,410 NIH patients. 4,342 of them have several images (at
      most 65), which are 73 % of all images. Without `mapping`, a split by `groups` is
      a split by image: with a random split into 80 % and 20 %, 71 % of the test images
      show a patient of the training set. 2,689 patients have images in several classes.
    - The view depends on the class: 78 % of the images with an opacity are AP, but only
      18 % of the normal images. The rule "AP" tells both classes apart with an accuracy
      of 80 %. Compare the classes within one view, or pass the views to
      `shortcut_report`.
    - "No Lung Opacity / Not Normal" are other abnormal images. So an image without an
      opacity (Target 0 in the table) is not normal in general: 8,851 images are
      normal, 11,821 abnormal without an opacity, and 6,012 have an opacity.
    - An opacity may be pneumonia. The radiologists saw only the image, without other
      data of the patient.
    - The ages in the DICOM headers contain errors: five are above 100 years, up to 155.
      1,276 patients are under 18 years.
    - Many sets for COVID-19 take their normal and pneumonia images from this set. Do
      not combine them with it.

    The tables have one row per box, so a join of both by `patientId` multiplies rows.

    License: use for academic, commercial and other purposes is allowed under the
    attribution requirements of the RSNA, which are on the web page of the challenge.
    Cite the paper [1]_ and the NIH set [2]_.

    References
    ----------
    .. [1] Shih, G. et al. (2019). Augmenting the National Institutes of Health chest
       radiograph dataset with expert annotations of possible pneumonia. Radiology:
       Artificial Intelligence 1(1), e180041.
    .. [2] Wang, X. et al. (2017). ChestX-ray8: Hospital-scale chest X-ray database and
       benchmarks on weakly-supervised classification and localization of common thorax
       diseases. CVPR, 3462-3471.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_rsna_pneumonia
    >>> labels = '''patientId,x,y,width,height,Target
    ... 0004,,,,,0
    ... 0043,264.0,152.0,213.0,379.0,1
    ... 0043,562.0,152.0,256.0,453.0,1
    ... '''
    >>> classes = '''patientId,class
    ... 0004,No Lung Opacity / Not Normal
    ... 0043,Lung Opacity
    ... 0043,Lung Opacity
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "stage_2_train_labels.csv").write_text(labels)
    ...     _ = Path(folder, "stage_2_detailed_class_info.csv").write_text(classes)
    ...     Path(folder, "stage_2_train_images").mkdir()
    ...     for name in ("0004.dcm", "0043.dcm"):
    ...         Path(folder, "stage_2_train_images", name).touch()
    ...     data = load_rsna_pneumonia(folder)
    >>> data.target.tolist()
    ['No Lung Opacity / Not Normal', 'Lung Opacity']
    >>> [len(boxes) for boxes in data.boxes]
    [0, 2]
    """
    pandas = import_pandas(as_frame, "load_rsna_pneumonia")
    check_missing(missing)
    root = find_root(
        folder, _is_root, f"the folder that holds {_IMAGES}, {LABELS} and {CLASSES}"
    )
    rows = read_rsna_tables(root)
    patients = _find_patients(root, mapping, rows)
    listed = list_images(root / _IMAGES, rows, missing, bare=True)
    if not listed.rows:
        raise ValueError(
            f"No image of the tables is in {str(root / _IMAGES)!r}. Unpack the images, "
            "with their ids as names."
        )
    ids = [row["patient"] for row in listed.rows]
    fields = {
        "target": np.array([row["target"] for row in listed.rows]),
        "groups": np.array([patients.get(key, key) for key in ids]),
        "view": _read_views(listed.paths) if read_views else None,
    }
    n_unknown = sum(key not in patients for key in ids)
    bunch = make_image_bunch(
        listed.paths,
        fields,
        _describe(root, fields, n_unknown),
        listed.left_out,
        pandas,
    )
    bunch.boxes = [
        np.array(row["boxes"], dtype=float).reshape(-1, 4) for row in listed.rows
    ]
    return bunch


def _is_root(folder):
    return (folder / _IMAGES).is_dir() or (folder / LABELS).is_file()


def _find_patients(root, mapping, rows):
    """Return the patient of each image id, or an empty dict if there is no mapping."""
    path = root / MAPPING if mapping is None else Path(mapping)
    if mapping is None and not path.is_file():
        return {}
    patients = read_rsna_patients(path)
    if not any(row["patient"] in patients for row in rows):
        raise ValueError(
            f"{str(path)!r} has no image of the tables. Its ids are such as "
            f"{format_names(list(patients), 2)}, and the ids of the tables such as "
            f"{format_names([row['patient'] for row in rows], 2)}. Pass {MAPPING}."
        )
    return patients


def _read_views(paths):
    views = read_image_metadata(paths).get("dicom_ViewPosition")
    if views is None:
        raise ValueError(
            f"No image has a view in a DICOM header, for example {paths[0]!r}. Use the "
            "DICOM files of the data set, or read_views=False."
        )
    return np.array([view or None for view in views.tolist()], dtype=object)


def _describe(root, fields, n_unknown):
    """Return the first sentences of `DESCR`."""
    counts = Counter(fields["target"].tolist())
    n_images, n_groups = len(fields["groups"]), len(set(fields["groups"].tolist()))
    known = f" of {format_count(n_groups, 'patient')}" if not n_unknown else ""
    text = f"{format_count(n_images, 'radiograph')}{known} in {format_path(root)}. "
    text += "Images per class: "
    text += ", ".join(f"{name!r} {count}" for name, count in sorted(counts.items()))
    if n_unknown == n_images:
        return text + (
            ". Warning: the patients are not known, and groups has one id per image. "
            "A patient can therefore be on both sides of a split. Pass the published "
            "file of patients as mapping."
        )
    if n_unknown:
        return text + (
            f". Warning: the mapping lacks {format_count(n_unknown, 'image')}. Each of "
            "them has an id of its own in groups."
        )
    return text + "."
