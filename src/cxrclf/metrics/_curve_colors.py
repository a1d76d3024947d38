"""Colors of curves that share axes."""

from itertools import cycle, islice
from typing import Any

from cxrclf._utils.optional import import_optional

# Colors of Okabe and Ito, which color-blind people can distinguish.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def next_colors(ax: Any, n: int = 1) -> list[str]:
    """Return n colors, beginning with those that the fewest lines of the axes have."""
    colors = import_optional("matplotlib.colors", extra="plot", purpose="A figure")
    used = [colors.to_hex(line.get_color()) for line in ax.lines]
    return list(islice(cycle(sorted(COLORS, key=used.count)), n))
