"""Load the radiographs of ChestX-ray14 of the NIH."""

from pathlib import Path

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.datasets._count_texts import describe_shared, format_counts
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._listed_images import check_missing, list_images
from cxrclf.datasets._nih_tables import (
    BOXES,
    FINDINGS,
    LISTS,
    TABLES,
    find_nih_table,
    read_nih_boxes,
    read_nih_split,
    read_nih_table,
)


def load_nih_chest_xray(folder, *, missing="raise", as_frame=False):
    r"""List the radiographs of ChestX-ray14 of the NIH.

    The data set has 112,120 frontal radiographs of 30,805 patients with up to 14
    findings each, which a program extracted from reports [1]_. The layout is::

        Data_Entry_2017_v2020.csv
        train_val_list.txt
        test_list.txt
        BBox_List_2017.csv
        images_001/images/00000001_000.png

    The lists and the boxes are optional, and the images may lie in any subfolders. The
    older table ``Data_Entry_2017.csv`` and the sample on Kaggle, ``sample_labels.csv``,
    are also read. The table is read, and images are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder with the table, or a folder up to two levels above it.
    missing : {"raise", "drop"}, default="raise"
        What to do if images of the table are not on disk: raise an error that names
        them, or leave them out.
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
            All findings of each image in sorted order, such as "Effusion|Mass", or
            "No Finding". The whole set has 801 such classes. `combine` selects some of
            them.
        target_names : list of str
            Classes in sorted order.
        findings : ndarray of shape (n, 14) of bool
            Whether each image has each finding.
        finding_names : list of str
            Names of the columns of `findings`, in alphabetical order.
        split : ndarray of shape (n,) of str, or None
            Part of the published split of each image: "train_val" or "test". None
            without the lists of images.
        groups : ndarray of shape (n,) of str
            Patient of each image, such as "00000001".
        view : ndarray of shape (n,) of object
            View of each image: "AP" or "PA".
        sex : ndarray of shape (n,) of object
            Sex of each patient: "F" or "M".
        age : ndarray of shape (n,) of float
            Age of each patient in years. NaN if it is not known.
        follow_up : ndarray of shape (n,) of int
            Number of the image of each patient, from 0, in the order of time.
        boxes : list of n dicts of str to ndarray of shape (k, 4), or None
            Boxes around each finding that radiologists drew: left, top, width and
            height in pixels. Only 880 images have boxes, and the dict of any other
            image is empty. None without the file ``BBox_List_2017.csv``.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `split` (if there are lists),
            `group`, `view`, `sex`, `age` and `follow_up`. None unless `as_frame` is
            true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files that are not listed, by reason: "missing" (not on disk),
            "unlisted" (not in the table), "conflict" (rows that disagree about one
            image), and the reasons in the notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or, with `missing` "raise", if images are missing.
        The message names them.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If `missing` is not valid, if the folder has no table, if the table has other
        columns or findings, if only one of the lists is there, if an image is not in
        exactly one list, or if no image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_rsna_pneumonia : List 26,684 of these images with labels by radiologists.
    combine : Select classes, and join data sets.

    Notes
    -----
    Problems of the data set:

    - The findings were extracted from reports by a program, and no radiologist checked
      them. The authors estimate that more than 90 % are right. A finding that the
      report does not repeat, such as in a series of images, is missing. "No Finding"
      means none of these 14 findings. The image may show another one.
    - 84 % of the images are of patients with several images, and one patient has 184.
      With a random split into 80 % and 20 %, 82 % of the test images are of patients of
      the training set. The published lists have no patient in both parts.
    - The view depends on the finding: 88 % of the images with edema are AP, but 15 % of
      those with a hernia, and 35 % of those without a finding. A classifier may learn
      the view. Compare classes within one view, or pass `view` to `shortcut_report`.
    - Many images with a pneumothorax show its treatment, a chest drain [2]_.
    - 5,402 images are of patients under 18 years.
    - The images of the RSNA challenge and of DarkCovidNet are from this set. Do not
      combine them with it.

    Use without limits is allowed if the NIH is named as the source and the paper is
    cited [1]_.

    References
    ----------
    .. [1] Wang, X. et al. (2017). ChestX-ray8: Hospital-scale chest X-ray database and
       benchmarks on weakly-supervised classification and localization of common thorax
       diseases. CVPR, 3462-3471.
    .. [2] Oakden-Rayner, L., Dunnmon, J., Carneiro, G., & Ré, C. (2020). Hidden
       stratification causes clinically meaningful failures in machine learning for
       medical imaging. ACM Conference on Health, Inference, and Learning, 151-159.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_nih_chest_xray
    >>> table = '''Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,\
    ... Patient Gender,View Position
    ... 00000001_000.png,Cardiomegaly,0,1,57,M,PA
    ... 00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA
    ... 00000002_000.png,No Finding,0,2,80,M,AP
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "images").mkdir()
    ...     for name in ("00000001_000", "00000001_001", "00000002_000"):
    ...         Path(folder, "images", f"{name}.png").touch()
    ...     _ = Path(folder, "Data_Entry_2017_v2020.csv").write_text(table)
    ...     data = load_nih_chest_xray(folder)
    >>> data.target.tolist()
    ['Cardiomegaly', 'Cardiomegaly|Emphysema', 'No Finding']
    >>> data.groups.tolist()
    ['00000001', '00000001', '00000002']
    >>> emphysema = data.findings[:, data.finding_names.index("Emphysema")]
    >>> emphysema.tolist()
    [False, True, False]
    """
    pandas = import_pandas(as_frame, "load_nih_chest_xray")
    check_missing(missing)
    root = find_root(
        folder,
        find_nih_table,
        "the folder that holds Data_Entry_2017_v2020.csv or Data_Entry_2017.csv",
    )
    table = find_nih_table(root)
    rows = read_nih_table(table)
    listed = list_images(root, rows, missing, nested=True)
    if not listed.rows:
        raise ValueError(
            f"No image of {str(table)!r} is on disk. Unpack the images beside it."
        )
    rows, left_out = listed.rows, _drop_tables(listed.left_out)
    split = read_nih_split(root, [row["filename"] for row in rows])
    fields = {
        "target": np.array([row["target"] for row in rows]),
        "split": None if split is None else np.array(split),
        "groups": np.array([row["patient"] for row in rows]),
        "view": np.array([row["view"] for row in rows], dtype=object),
        "sex": np.array([row["sex"] for row in rows], dtype=object),
        "age": np.array([row["age"] for row in rows]),
        "follow_up": np.array([row["follow_up"] for row in rows]),
    }
    boxes = read_nih_boxes(root / BOXES) if (root / BOXES).is_file() else None
    findings = _make_findings(rows)
    bunch = make_image_bunch(
        listed.paths,
        fields,
        _describe(root, fields, findings),
        left_out,
        pandas,
    )
    bunch.update(findings=findings, finding_names=list(FINDINGS), boxes=None)
    if boxes is not None:
        bunch.boxes = [
            {name: np.array(found) for name, found in boxes.get(file, {}).items()}
            for file in (row["filename"].casefold() for row in rows)
        ]
    return bunch


def _drop_tables(left_out):
    """Return the paths that are left out, without the tables of the data set."""
    tables = {*TABLES, *LISTS.values(), BOXES}
    others = [p for p in left_out.get("type", []) if Path(p).name not in tables]
    return merge_left_out(left_out | {"type": others})


def _make_findings(rows):
    """Return whether each image has each finding, of shape (n, 14)."""
    columns = {name: number for number, name in enumerate(FINDINGS)}
    findings = np.zeros((len(rows), len(FINDINGS)), dtype=bool)
    for number, row in enumerate(rows):
        findings[
            number, [columns[name] for name in row["findings"] if name in columns]
        ] = True
    return findings


def _describe(root, fields, findings):
    """Return the first sentences of `DESCR`."""
    n_images = len(findings)
    counts = findings.sum(axis=0).tolist()
    named = [f"{name!r} {n}" for name, n in zip(FINDINGS, counts, strict=True) if n]
    text = (
        f"{format_count(n_images, 'radiograph')} of "
        f"{format_count(len(set(fields['groups'].tolist())), 'patient')} in "
        f"{format_path(root)}. Images per finding: {', '.join(named) or 'none'}. "
        f"Images without a finding: {n_images - int(findings.any(axis=1).sum())}."
    )
    if fields["split"] is not None:
        text += f" Images per part: {format_counts(fields['split'])}."
        text += describe_shared(fields["split"], fields["groups"])
    return text
