"""Draw radiographs side by side, with a title each."""

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text

_COLUMNS = 3
_WIDTH = 1.8  # inches per image
_LETTERS = 25  # per line of a title


def draw_cases(images, titles):
    """Draw gray images in rows of three.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) of uint8
        Gray images.
    titles : sequence of sequence of str
        Lines of the title of each image.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a study report"
    )
    n_rows = -(-len(images) // _COLUMNS)
    height = _WIDTH * images.shape[1] / images.shape[2] + 0.55
    figure, axes = pyplot.subplots(
        n_rows,
        _COLUMNS,
        figsize=(_WIDTH * _COLUMNS, height * n_rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, image, lines in zip(axes.flat, images, titles, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        title = "\n".join(_shorten(line) for line in lines)
        ax.set_title(plain_text(title), fontsize=8, loc="left")
    return figure


def _shorten(text):
    """Return the beginning and the end of a text that is too long."""
    if len(text) <= _LETTERS:
        return text
    half = _LETTERS // 2
    return f"{text[:half]}…{text[-half:]}"
