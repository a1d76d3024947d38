"""Numbers of things in words."""


def format_count(n: int, noun: str, nouns: str | None = None) -> str:
    """Return a number with its noun, in the singular or in the plural.

    Parameters
    ----------
    n : int
        Number of things.
    noun : str
        Noun in the singular, also with a verb: "image", "image has".
    nouns : str, default=None
        Noun in the plural. By default, `noun` with an "s".

    Returns
    -------
    str

    Examples
    --------
    >>> from cxrclf._utils.counts import format_count
    >>> format_count(1, "image"), format_count(2000, "image has", "images have")
    ('1 image', '2,000 images have')
    """
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"
