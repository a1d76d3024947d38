"""Sanity check of saliency maps by randomized weights."""

import numpy as np

from cxrclf._utils.checks import check_int
from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf._utils.user_warnings import warn_user
from cxrclf.inspection._explained_model import explain_model
from cxrclf.inspection._randomize_weights import randomize_weights
from cxrclf.inspection._rank_correlation import standardized_ranks
from cxrclf.inspection._saliency_maps import check_method, saliency_maps
from cxrclf.inspection._saliency_scores import SaliencyScores
from cxrclf.inspection._single_network import find_single_network
from cxrclf.inspection._targets import find_codes


def randomization_check(
    estimator,
    X,
    target=None,
    *,
    method="gradcam",
    branch=None,
    n_groups=5,
    n_repeats=3,
    groups=None,
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
    verbose=0,
):
    """Test whether saliency maps depend on the learned weights.

    The weights are randomized from the output to the input [1]_: first the head, then
    the head and the last stages of the backbone, and so on up to the whole network. The
    scores are the rank correlations between the maps of the trained and of the
    randomized network. The maps of a method that explains the network lose their
    similarity. If the correlation stays high, a method shows the image, and not what
    the network learned.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    estimator : classifier
        Fitted `CXRClassifier` or `DualBackboneConcat`, or a wrapper around one, as in
        :func:`saliency_maps`.
    X : array-like
        Images, in any form that the estimator accepts.
    target : None, label, or array-like of shape (n,), default=None
        Class that is explained: the class that the trained estimator predicts (None),
        one class for all images, or one class per image. It is the same class for all
        randomized networks.
    method : str, Occlusion, Lime or ScoreCAM, default="gradcam"
        Method of explanation, see :func:`saliency_maps`.
    branch : int, default=None
        Number of the backbone, counted from 0, of a classifier with several backbones.
        None uses the map of all backbones together.
    n_groups : int, default=5
        Number of levels of randomization, 2 or more: the head, and then equal numbers
        of stages. There are fewer levels if the backbone has fewer stages.
    n_repeats : int, default=3
        Number of randomized networks per level. The score of an image is the mean of
        its correlations.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples of the patients for the intervals.
    random_state : int, default=0
        Seed of the random weights and of the resamples.
    verbose : int, default=0
        Whether to show a progress bar for each level.

    Returns
    -------
    SaliencyScores
        One score per level, named by the layers that are randomized: ``"head"``,
        ``"head + last 2 of 5 stages"``, and so on up to ``"all layers"``. Constant maps
        have no correlation and are left out, for example maps of ``"gradcam"`` that are
        0 everywhere. A score is nan if no correlation remains.

    Raises
    ------
    TypeError
        If there is not exactly one network in the estimator.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If a parameter is invalid, or if the network has no map for the method.

    Warns
    -----
    UserWarning
        If a level has no score, because all maps are constant.

    See Also
    --------
    randomize_weights : Make one of the randomized classifiers.

    Notes
    -----
    In a pipeline, the maps are compared on the transformed images. Weights are
    randomized as :func:`randomize_weights` does.

    The intervals describe the choice of the patients, and not the choice of the random
    weights. All images share the same few randomized networks. If the feature map has
    few cells, correlations with a single network are often far from 0, on either side.
    A larger `n_repeats` then helps.

    References
    ----------
    .. [1] J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import randomization_check
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> scores = randomization_check(clf, data.images, method="cam", n_groups=3)
    >>> list(scores.values)
    ['head', 'head + last 2 of 5 stages', 'all layers']
    """
    check_method(method, branch)
    check_int(n_groups, "n_groups", 2)
    check_int(n_repeats, "n_repeats", 1)
    find_single_network(estimator, "randomization_check")
    model = explain_model(estimator, X, needs_network=True)
    n = len(model.images)
    resampling = PatientResampling(
        n, groups, confidence_level, n_resamples, random_state
    )
    codes = find_codes(target, model.classes, n)
    if isinstance(codes, str):
        raise ValueError(
            'randomization_check explains one class per image, and not target="all". '
            "Use target=None or a class."
        )
    labels = model.predict(X) if codes is None else model.classes[codes]

    def compute_maps(classifier):
        return saliency_maps(
            classifier,
            model.images.X,
            labels,
            method=method,
            branch=branch,
            verbose=verbose,
        )

    trained = compute_maps(model.estimator)
    values = {}
    for name, layers in _levels(len(model.module._stages), n_groups).items():
        found = []
        for repeat in range(n_repeats):
            seed = random_state + repeat
            random = randomize_weights(model.estimator, layers, random_state=seed)
            found.append(_correlate(trained, compute_maps(random)))
        values[name] = _mean_of_defined(np.array(found))
    undefined = [name for name, column in values.items() if np.isnan(column).all()]
    if undefined:
        warn_user(
            f"No image has a score for {undefined}, because all maps are constant. "
            'Maps of "gradcam" are often 0 everywhere for a class that is not '
            'predicted. Use method="cam", or another target.'
        )
    return SaliencyScores._from_resampling(values, resampling)


def _levels(n_stages, n_groups):
    """Return the number of randomized stages of each level, by its name."""
    counts = np.unique(np.linspace(0, n_stages, n_groups).round().astype(int))
    names = {}
    for count in counts.tolist():
        if count == n_stages:
            names["all layers"] = count
        elif count == 0:
            names["head"] = count
        else:
            names[f"head + last {count} of {n_stages} stages"] = count
    return names


def _mean_of_defined(found):
    """Return the mean of each column without nan, and nan if nothing remains."""
    n = (~np.isnan(found)).sum(0)
    return np.divide(np.nansum(found, 0), n, out=np.full(len(n), np.nan), where=n > 0)


def _correlate(one, other):
    """Return the rank correlation of each pair of maps."""
    return np.array(
        [
            (standardized_ranks(a[None]) * standardized_ranks(b[None])).sum()
            for a, b in zip(one, other, strict=True)
        ]
    )
