"""Names of files and classes as text of a figure."""


def plain_text(text: str) -> str:
    """Return text that Matplotlib shows as it is.

    Between two dollar signs, Matplotlib reads mathematics, and fails if they are none.

    Parameters
    ----------
    text : str
        Text with names that a user chose.

    Returns
    -------
    str
        Text in which dollar signs are escaped.
    """
    return text.replace("$", r"\$")
