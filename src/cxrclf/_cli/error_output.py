"""The standard error output of a command: progress and warnings."""

import contextlib
import io
import re
import sys
import time
import warnings

from cxrclf._cli.wording import use_options

_BAR = re.compile(r"\[\d+:\d\d(:\d\d)?[<,]")  # the times in a bar of tqdm
_CURSOR = re.compile(r"\x1b\[\d*[A-Z]")
_SECONDS = 30.0  # between two lines about the same work


class ProgressLines(io.TextIOBase):
    r"""Text stream that writes progress bars as lines, for logs and pipes.

    A progress bar redraws its line with carriage returns. A log file would contain all
    of these lines, one behind the other. This stream writes a line about a work when it
    is complete, and at most one line in each `seconds` until then.

    Parameters
    ----------
    stream : text stream
        Stream to write to.
    seconds : float, default=30
        Smallest time between two lines about the same work.
    clock : callable, default=time.monotonic
        Function that returns the time in seconds.

    Examples
    --------
    >>> import io
    >>> from cxrclf._cli.error_output import ProgressLines
    >>> log = io.StringIO()
    >>> lines = ProgressLines(log)
    >>> for percent in (1, 50, 100):
    ...     _ = lines.write(f"\rdecoding: {percent:3}%|##| [00:01<00:00, 9.1image/s]")
    >>> _ = lines.write("\nready\n")
    >>> print(log.getvalue())
    decoding: 100%|##| [00:01<00:00, 9.1image/s]
    ready
    <BLANKLINE>
    """

    def __init__(self, stream, seconds=_SECONDS, clock=time.monotonic):
        super().__init__()
        self._stream = stream
        self._seconds = seconds
        self._clock = clock
        self._pending = ""
        self._written = {}  # time of the last line about each work, or of its start
        self._ended = set()  # works that were written as complete

    @property
    def encoding(self):
        """Encoding of the stream, by which tqdm chooses characters."""
        return getattr(self._stream, "encoding", None)

    def writable(self):
        """Return True."""
        return True

    def write(self, text):
        """Write text. Bars that are not complete are often left out."""
        for part in re.split(r"([\r\n])", _CURSOR.sub("", text)):
            if part == "\n":
                self._end_line()
            elif part == "\r":
                if _BAR.search(self._pending):
                    self._end_line()
                self._pending = ""
            else:
                self._pending += part
        return len(text)

    def flush(self):
        """Write what was written to the stream before."""
        self._stream.flush()

    def finish(self):
        """Write a last line that has no end."""
        if self._pending.strip():
            self._end_line()

    def _end_line(self):
        line, self._pending = self._pending.rstrip(), ""
        if line and (not _BAR.search(line) or self._is_due(line)):
            self._stream.write(f"{line}\n")

    def _is_due(self, line):
        """Return whether a bar is written now, and remember when it was."""
        work, now = line.partition(":")[0], self._clock()
        complete = "100%" in line
        due = now - self._written.setdefault(work, now) >= self._seconds
        if complete and work not in self._ended:
            due = True
        if due:
            self._written[work] = now
            # A work that was seen on its way gets a line at its end.
            (self._ended.add if complete else self._ended.discard)(work)
        return due


@contextlib.contextmanager
def lines_without_terminal():
    """Write progress as lines if the standard error output is no terminal."""
    stream = sys.stderr
    if stream is None or stream.isatty():
        yield
        return
    lines = ProgressLines(stream)
    with contextlib.redirect_stderr(lines):
        try:
            yield
        finally:
            lines.finish()


@contextlib.contextmanager
def short_warnings():
    """Print each warning as one line, without the line of code that caused it."""

    def show(message, *_, **__):
        text = use_options(" ".join(str(message).split()))
        print(f"cxrclf: warning: {text}", file=sys.stderr, flush=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
