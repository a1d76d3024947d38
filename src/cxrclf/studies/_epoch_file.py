"""Write the number of complete epochs of a training to a file."""

import contextlib
from pathlib import Path


class EpochFile:
    """Write the number of complete epochs of a training to a file.

    The file shows the progress of a training in another process.

    Parameters
    ----------
    path : pathlib.Path
        File to write.

    Attributes
    ----------
    stateless : bool
        True. A resumed training needs nothing from this callback.
    """

    stateless = True

    def __init__(self, path):
        self.path = Path(path)

    def on_epoch_end(self, net, **kwargs):
        """Write the number of epochs in the history of a net."""
        with contextlib.suppress(OSError):  # the progress is not worth an error
            self.path.write_text(str(len(net.history)))


def read_epoch(path):
    """Return the number in the file of an :class:`EpochFile`, or 0."""
    try:
        return int(Path(path).read_text() or 0)
    except (OSError, ValueError):
        return 0
