"""Groups of copies side by side."""

import textwrap

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text

_WIDTH, _HEIGHT = 1.8, 2.4  # inches per image
_N_LETTERS = 24


def draw_contact_sheet(groups, pictures, kinds, y=None):
    """Draw groups of copies side by side.

    Parameters
    ----------
    groups : sequence of sequence of int
        Rows of each group.
    pictures : dict of int to (str, (int, int), ndarray of shape (s, s))
        Name, height and width, and stretched picture of each row.
    kinds : dict of int to (int, str)
        An earlier row of the same group, and the kind of the copy of this row.
    y : ndarray of shape (n,), default=None
        Class of each row.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A contact sheet of copies"
    )
    n_columns = max(len(group) for group in groups)
    figure, axes = pyplot.subplots(
        len(groups),
        n_columns,
        figsize=(_WIDTH * max(n_columns, 2), _HEIGHT * len(groups)),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for line, group in zip(axes, groups, strict=True):
        for ax, row in zip(line, group, strict=False):
            name, (height, width), picture = pictures[int(row)]
            ax.imshow(
                picture,
                cmap="gray",
                vmin=0,
                vmax=255,
                extent=(0, width, height, 0),
                aspect="equal",
            )
            title = []
            if name != f"row {row}":  # pixels have no other name
                cut = len(name) > _N_LETTERS
                title.append("…" + name[-_N_LETTERS:] if cut else name)
            if y is not None:
                title.append(str(y[row]))
            if row in kinds:
                earlier, kind = kinds[int(row)]
                title.append(f"row {row}, copy of row {earlier}:")
                title += textwrap.wrap(kind, _N_LETTERS)
            else:
                title.append(f"row {row}")
            ax.set_title(plain_text("\n".join(title)), fontsize=7, loc="left")
    return figure
