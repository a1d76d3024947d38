"""The memory that a process takes at its worst, on Linux."""

import threading
from pathlib import Path

_INTERVAL = 0.02  # seconds


class PeakMemory:
    """Watch the memory of this process while a block runs.

    Attributes
    ----------
    private : float
        Peak of the private memory in MiB: resident memory less the pages of mapped
        files, which the system may drop at any time. Sampled.
    resident : float
        Peak of the resident memory in MiB since the process began, mapped files
        included. The kernel's own count; unlike ``ru_maxrss`` it leaves out the
        process that started this one.
    """

    def __enter__(self):
        self.private = _private()
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *error):
        self._done.set()
        self._watcher.join()
        self.resident = _fields()["VmHWM"]

    def _watch(self):
        while not self._done.wait(_INTERVAL):
            self.private = max(self.private, _private())


def _private():
    fields = _fields()
    return fields["RssAnon"] + fields["RssShmem"]


def _fields():
    """Return the sizes that the kernel tells of this process, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    return {k: int(v.split()[0]) / 1024 for k, v in pairs if v.endswith(" kB")}
