"""Compare a classifier with classifiers that cannot see the disease."""

import math
from numbers import Integral, Real

import numpy as np
from tqdm import tqdm

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import as_labels, check_label_count, check_labels
from cxrclf._utils.missing import format_rows
from cxrclf.audit._check_classifier import check_classifier
from cxrclf.audit._check_duplicates import check_duplicates
from cxrclf.audit._draw_folds import draw_folds
from cxrclf.audit._make_probes import ProbeFactory
from cxrclf.audit._probe import ESTIMATOR, IMAGE, PROBES
from cxrclf.audit._probe_scores import Settings
from cxrclf.audit._shortcut_study import ShortcutStudy
from cxrclf.audit._summarize_shortcuts import summarize_shortcuts
from cxrclf.images import ImageInput


def shortcut_report(
    estimator,
    X,
    y,
    *,
    cv=5,
    groups=None,
    probes="auto",
    segmenter=None,
    source=None,
    image_shape=None,
    duplicates="find",
    cache_dir=None,
    n_threads=None,
    n_jobs=None,
    significance_level=0.01,
    confidence_level=0.95,
    n_resamples=1000,
    n_permutations=1999,
    random_state=0,
    verbose=0,
):
    """Compare a classifier with classifiers that cannot see the disease.

    In many public sets of radiographs, each class has a source of its own. A classifier
    can then reach a high score from the border, the size or the letters of an image
    [1]_. This function trains simple classifiers, the probes, which see only such
    parts. All of them are trained and tested on the same folds as the estimator.

    Some probes cannot see the disease. Such a probe is a shortcut if it beats chance:

    - ``"metadata"``: headers of files, without the number of bytes. See
      :func:`~cxrclf.images.read_image_metadata`;
    - ``"source"``: the source of the image;
    - ``"border"``: a frame with a width of 1/16 of the image;
    - ``"corners"``: squares with 1/5 of the shorter side, where letters and marks are;
    - ``"outside_lungs"``: the image without the box around the lungs, which is filled
      with the mean gray level around it;
    - ``"estimator_outside_lungs"``: the same for a clone of the estimator.

    Other probes see a part of the disease. They are shown for comparison only:

    - ``"file_size"``: number of bytes. It depends on the pixels, and opacities
      compress differently from air;
    - ``"thumbnail"``: the image at 8 × 8 pixels;
    - ``"histogram"``: 32 gray levels;
    - ``"lung_shape"``: the mask of the lungs. An opacity can hide a part of a lung;
    - ``"estimator_lungs"``: a clone of the estimator sees the lungs only;
    - ``"estimator_shuffled"``: a clone of the estimator sees the pixels of each image
      in random order.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    estimator : classifier or None
        Classifier, which is cloned and fitted in each fold. None scores the probes
        only.
    X : array-like of n images
        Images: files, or an array of shape (n, H, W), (n, H, W, C), or (n, F) with
        `image_shape`. Integers have 16 bits at most. The probes scale integers of more
        than 8 bits by the largest pixel, rounded up to 8, 10, 12, 14 or 16 bits.
    y : array-like of shape (n,)
        Class labels.
    cv : int, splitter or iterable, default=5
        Number of folds, or splits as in scikit-learn. A number gives shuffled folds
        that are stratified by class and keep patients and copies together. For a given
        split, pass ``[(train_rows, test_rows)]``. Each image is tested once at most.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    probes : "auto" or sequence of str, default="auto"
        Names of the probes. ``"auto"`` chooses all that the data allow. Each probe that
        begins with "estimator" takes as long as a cross-validation of the estimator.
    segmenter : segmenter or array-like, default=None
        Fitted segmenter of lungs, such as :class:`~cxrclf.UNetSegmenter`, or one mask
        per image as files or as an (n, H, W) array. The probes of the lungs need it.
    source : array-like of shape (n,), default=None
        Source of each image, such as the name of the hospital or of the data set.
    image_shape : tuple of int, default=None
        Shape (H, W) or (H, W, C) of the image in each flat row of X.
    duplicates : "find", DuplicateReport, array-like of shape (n,) or None, \
            default="find"
        Copies among the images. ``"find"`` calls :func:`find_duplicates`. Patients who
        share an image count as one patient. None does not use copies.
    cache_dir : path-like, default=None
        Folder of decoded files.
    n_threads : int, default=None
        Number of CPU threads of :func:`find_duplicates`.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time. None means 1, and -1 means one
        per processor.
    significance_level : float, default=0.01
        Probability in (0, 1) that any probe is called a shortcut although none can
        predict the classes. Holm's method corrects for the number of probes.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=1000
        Number of bootstrap resamples of the patients, 100 or more.
    n_permutations : int, default=1999
        Number of permutations of the labels: 99 or more, and at least the number of
        probes that cannot see the disease divided by `significance_level`.
    random_state : int, default=0
        Seed of the folds, the forests, the resamples and the permutations.
    verbose : int, default=0
        Whether to show progress bars.

    Returns
    -------
    ShortcutReport
        Report with scores, intervals, findings, sentences and figures. It contains all
        out-of-fold predictions.

    Raises
    ------
    ValueError
        If pixels are NaN or infinite, if a parameter is invalid, if lengths differ, if
        a probe is not possible, if no lungs are found in half of the images or more, or
        if `cv` tests images several times or tests one class only.
    TypeError
        If the estimator is no classifier.
    ImageReadError
        If files cannot be read. The message names all of them.

    See Also
    --------
    cxrclf.metrics.cross_val_predictions : Predict out of fold.

    Notes
    -----
    The probes are forests of 100 extremely randomized trees, unless their name begins
    with "estimator". They are weak on purpose: a network finds more. A report without
    findings therefore does not prove that there is no shortcut.

    A probe is a shortcut if the p-value of its macro AUC is at most
    `significance_level` after Holm's correction over the probes that cannot see the
    disease, and if the interval of the AUC lies above 0.5. For the p-value the labels
    of the patients are permuted within each fold. It is too small if test
    images depend on training images. Because folds share training images,
    the standard deviation of the permutations is widened as proposed by Nadeau and
    Bengio [2]_. If a classifier without errors could not reach the level, because there
    are few patients or the patients of each fold have one class, `reading` says so.

    `external_auc` is the estimate PEst of the AUC on external data [3]_: the AUC, minus
    the AUC of the same model on shuffled pixels, plus 0.5. The published figures are of
    two classes. For more classes the macro average is used here. The order of pixels
    is different in each image. The estimate takes all information of the gray levels
    for a shortcut, although opacities change gray levels. It exceeds the AUC if the AUC
    on shuffled pixels is below 0.5 by chance.

    The border and the corners contain lung tissue if an image is tightly cropped. With
    a segmenter, the report counts such images. A device that adapts the brightness to
    the whole image carries the extent of opacities to the border, and the box around
    the lungs shows their size. Look at `plot_views`.

    References
    ----------
    .. [1] A. J. DeGrave, J. D. Janizek, S.-I. Lee, "AI for radiographic COVID-19
       detection selects shortcuts over signal", Nature Machine Intelligence 3, 2021.
    .. [2] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52, 2003.
    .. [3] C. Ong Ly, B. Unnikrishnan, et al., "Shortcut learning in medical AI hinders
       generalization: method for estimating AI model generalization without external
       data", npj Digital Medicine 7, 124, 2024.

    Examples
    --------
    A bright mark in the corner of one class:

    >>> from cxrclf.audit import shortcut_report
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(60, image_size=32, random_state=0)
    >>> data.images[data.target == "covid", 1:4, 1:4] = 255
    >>> report = shortcut_report(
    ...     None, data.images, data.target, groups=data.groups, cv=3,
    ...     probes=["corners"],
    ... )
    >>> [finding.code for finding in report.findings]
    ['corners']
    """
    images = ImageInput.from_X(X, image_shape=image_shape, ensure_all_finite=False)
    _check_finite(images)
    y = check_labels(y, owner="shortcut_report")
    check_label_count("y", len(y), len(images))
    groups = check_groups(groups, len(images))
    source = _check_source(source, len(images))
    _check_parameters(estimator, y, significance_level, n_permutations)
    settings = Settings(confidence_level, n_resamples, n_permutations, random_state)
    factory = ProbeFactory(
        estimator,
        images,
        segmenter,
        source,
        random_state=random_state,
        cache_dir=cache_dir,
        verbose=verbose,
    )
    names = factory.choose(probes)
    _check_permutations(names, significance_level, n_permutations)
    copies = _find_copies(
        duplicates, images, cache_dir=cache_dir, n_threads=n_threads, verbose=verbose
    )
    folds = draw_folds(cv, images.X, y, groups, copies, random_state)
    factory.shown_row = int(folds[0][1][0])
    study = ShortcutStudy(y, groups, copies, folds, settings, n_jobs)
    total = len(names) + (estimator is not None)
    with tqdm(total=total, desc="scoring", disable=not verbose) as bar:
        if estimator is not None:
            study.score(ESTIMATOR, estimator, images.X)
            _show_score(bar, study, ESTIMATOR)
        for name in names:
            study.add_probe(factory.make(name), factory.make_column_estimator())
            _show_score(bar, study, name)
    if study.pictures:
        study.pictures = {IMAGE: factory.show_image()} | study.pictures
    return summarize_shortcuts(
        study,
        significance_level,
        skipped=factory.skipped,
        n_lungs=factory.count_lungs(),
    )


def _show_score(bar, study, name):
    """Show the score of a classifier beside the progress bar."""
    bar.set_postfix_str(f"{name}: {study.scores[name].balanced_accuracy.value:.3f}")
    bar.update()


def _check_parameters(estimator, y, significance_level, n_permutations):
    if estimator is not None:
        check_classifier(estimator)
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"y has one class, {y.tolist()[0]!r}. A report needs two classes or more."
        )
    if not isinstance(significance_level, Real) or not 0 < significance_level < 1:
        raise ValueError(
            f"significance_level must lie in (0, 1), got {significance_level!r}."
        )
    if not isinstance(n_permutations, Integral) or n_permutations < 99:
        raise ValueError(
            f"n_permutations must be an int, 99 or more, got {n_permutations!r}."
        )


def _check_finite(images):
    """Check that no pixel is NaN or infinite."""
    if images.pixels is None or images.pixels.dtype.kind != "f":
        return
    finite = [bool(np.isfinite(image).all()) for image in images.pixels]
    rows = np.flatnonzero(~np.array(finite))
    if len(rows):
        raise ValueError(
            f"X has pixels that are NaN or infinite, in {format_rows(rows)}. Replace "
            "them, for example by 0 with numpy.nan_to_num, or leave these images out."
        )


def _check_permutations(names, level, n_permutations):
    """Check that p-values can reach the level."""
    n_blind = sum(PROBES[name][1] for name in names)
    needed = math.ceil(n_blind / level)
    if n_permutations < needed:
        raise ValueError(
            f"n_permutations={n_permutations} is too small: for {n_blind} probes that "
            f"cannot see the disease and significance_level={level}, no p-value could "
            f"reach the level. Set n_permutations to {needed} or more."
        )


def _find_copies(duplicates, images, **search):
    """Return labels that are equal for copies, or None if there are no copies."""
    X = images.X if images.pixels is None else images.pixels
    found = check_duplicates(duplicates, X, len(images), **search)
    labels = getattr(found, "labels", found)
    if labels is None or len(np.unique(labels)) == len(labels):
        return None
    return labels


def _check_source(source, n):
    """Return the source of each image as text, or None."""
    if source is None:
        return None
    labels = as_labels(source, "source")
    check_label_count("source", len(labels), n)
    return labels.astype(str)
