"""Import matplotlib for the displays."""

from cxrclf._utils.optional import import_optional


def import_pyplot():
    """Return ``matplotlib.pyplot``.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    return import_optional(
        "matplotlib.pyplot", extra="inspection", purpose="A display of cxrclf"
    )
