"""Write the number of complete epochs of a training to a file."""

import contextlib
from pathlib import Path


class EpochFile:
    """Write the number of complete epochs of a training to a file.

    The file shows the progress of a training in another process. It has a line per
    epoch of this run: a resumed training does not start at 1.

    Parameters
    ----------
    path : pathlib.Path
        File to write.

    Attributes
    ----------
    stateless : bool
        True. A resumed training needs nothing from this callback.
    never_stops : bool
        True. An interrupt while this callback writes is not the end of the training.
    """

    stateless = True
    never_stops = True

    def __init__(self, path):
        self.path = Path(path)

    def on_epoch_end(self, net, **kwargs):
        """Write the number of epochs in the history of a net."""
        # The progress is not worth an error.
        with contextlib.suppress(OSError), open(self.path, "a") as file:
            file.write(f"{len(net.history)}\n")


def read_epoch(path):
    """Return the last epoch in the file of an :class:`EpochFile`, or 0."""
    return _read_line(path, -1)


def read_first_epoch(path):
    """Return the first epoch in the file of an :class:`EpochFile`, or 0."""
    return _read_line(path, 0)


def _read_line(path, position):
    try:
        lines = Path(path).read_text().splitlines(keepends=True)
        complete = [line for line in lines if line.endswith("\n")]
        return int(complete[position])
    except (OSError, ValueError, IndexError):
        return 0
