"""Published studies by name."""

import importlib

_STUDIES = (
    "cyclegan_gradcam",
    "makris2020",
    "punn2020",
    "rahimzadeh2020",
    "vgg19_unet",
)


def list_studies():
    """Return the names of the published studies.

    Returns
    -------
    list of str
        Sorted names.

    See Also
    --------
    load_study : Load one of them.

    Examples
    --------
    >>> from cxrclf.studies import list_studies
    >>> list_studies()  # doctest: +NORMALIZE_WHITESPACE
    ['cyclegan_gradcam', 'makris2020', 'punn2020', 'rahimzadeh2020', 'vgg19_unet']
    """
    return list(_STUDIES)


def load_study(name):
    """Return a published study.

    Read more in the :ref:`User Guide <studies>`.

    Parameters
    ----------
    name : {"cyclegan_gradcam", "makris2020", "punn2020", "rahimzadeh2020", \
            "vgg19_unet"}
        Name of the study.

    Returns
    -------
    Study
        Honest variant: a patient is in one part of a fold only, and the best epoch is
        selected inside the training part. Its attribute `faithful` is the variant that
        follows the paper to the letter. No images are loaded.

    Raises
    ------
    ValueError
        If there is no such study.

    See Also
    --------
    list_studies : Names of all studies.

    Examples
    --------
    >>> from cxrclf.studies import load_study
    >>> load_study("makris2020").classes
    ('covid', 'normal', 'pneumonia')
    """
    if name not in _STUDIES:
        raise ValueError(f"No study {name!r}. The studies are {list(_STUDIES)}.")
    module = importlib.import_module(f"cxrclf.studies._{name}")
    return getattr(module, f"make_{name}")()
