"""Check the backbones and the weights of the networks of a study."""

from cxrclf.nets import make_backbone
from cxrclf.studies._scale_networks import find_backbones


def check_backbones(estimators):
    """Build each backbone once, so that missing weights are found before the study.

    Parameters
    ----------
    estimators : dict of str to classifier
        Unfitted classifiers by name.

    Raises
    ------
    ValueError, OSError
        If a name is unknown, or weights are missing or damaged.
    """
    checked = set()
    for estimator in estimators.values():
        parameters = estimator.get_params()
        for path, value in find_backbones(estimator).items():
            weights = parameters.get(f"{path.removesuffix('backbone')}weights")
            pairs = [(value, weights)]
            if not isinstance(value, str):
                several = isinstance(weights, (list, tuple))
                each = weights if several else [weights] * len(value)
                pairs = list(zip(value, each, strict=True))
            for name, source in pairs:
                if source is not None and (name, str(source)) not in checked:
                    checked.add((name, str(source)))
                    make_backbone(name, weights=source)
