"""Copies of classifiers with randomized weights."""

import copy
from numbers import Integral

import torch

from cxrclf._utils.checks import check_int
from cxrclf.inspection._explained_model import find_network
from cxrclf.inspection._single_network import find_single_network


def randomize_weights(estimator, layers="all", *, random_state=0):
    """Copy a fitted classifier, and randomize the weights of the copy.

    The values of each parameter tensor are shuffled. A map that explains the classifier
    should be another one for the copy, see :func:`randomization_check`.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    estimator : classifier
        Fitted `CXRClassifier` or `DualBackboneConcat`, or a wrapper around one, such as
        a pipeline. It is not changed.
    layers : {"all", "head"} or int, default="all"
        Layers that are randomized: the whole network, the head, or the head and this
        number of stages at the end of the backbone (see
        :meth:`cxrclf.nets.Backbone.stages`).
    random_state : int, default=0
        Seed. With the same seed, a layer has the same random weights for all `layers`
        that include it.

    Returns
    -------
    classifier
        Copy of `estimator` with randomized weights.

    Raises
    ------
    TypeError
        If there is not exactly one network in the estimator.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If `layers` is invalid.

    Notes
    -----
    Adebayo et al. [1]_ draw new initial weights. Shuffled weights have the same mean,
    variance and outliers as the learned ones, in every kind of layer. So the outputs
    keep their scale, and a change of a map is due to the lost order of the weights.
    Tensors with equal values, such as biases of 0, do not change.

    The running means and variances of batch normalization are no weights, and remain.

    References
    ----------
    .. [1] J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import randomize_weights, saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> random_clf = randomize_weights(clf)
    >>> maps = saliency_maps(random_clf, data.images, data.target)
    """
    check_int(random_state, "random_state", 0)
    inner = find_single_network(estimator, "randomize_weights")
    n_random = _count_stages(layers, len(inner.net_.module_._stages))
    random = copy.deepcopy(estimator)
    module = find_network(random)[0].net_.module_
    # From the output to the input: the seed then decides the weights of a layer,
    # however many stages follow.
    modules = [*module.head.modules()]
    for stage in module._stages[::-1][:n_random]:
        modules += stage
    generator = torch.Generator().manual_seed(random_state)
    done = set()
    with torch.no_grad():
        for part in modules:
            for parameter in part.parameters(recurse=False):
                if parameter not in done:  # several layers may share a parameter
                    _shuffle(parameter, generator)
                    done.add(parameter)
    return random


def _shuffle(parameter, generator):
    order = torch.randperm(parameter.numel(), generator=generator)
    values = parameter.flatten()[order.to(parameter.device)]
    parameter.copy_(values.reshape(parameter.shape))


def _count_stages(layers, n_stages):
    """Return the number of stages that are randomized."""
    if isinstance(layers, str) and layers in ("all", "head"):
        return n_stages if layers == "all" else 0
    whole = isinstance(layers, Integral) and not isinstance(layers, bool)
    if not whole or not 0 <= layers <= n_stages:
        raise ValueError(
            'layers must be "all", "head" or a number of stages from 0 to '
            f"{n_stages}, the stages of the backbone; got {layers!r}."
        )
    return int(layers)
