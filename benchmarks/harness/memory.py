"""Peak memory of a process, on Linux."""

import threading
from pathlib import Path

_INTERVAL = 0.02  # seconds


class PeakMemory:
    """Context manager that measures the peak memory of this process.

    Attributes
    ----------
    private : float
        Peak of the private memory in MiB, sampled: resident memory without the pages of
        mapped files, which the system may drop at any time.
    resident : float
        Peak of the resident memory in MiB since the start of the process, with mapped
        files. The kernel counts it. Unlike ``ru_maxrss`` it does not include the parent
        process.
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
    """Return the memory sizes of this process in MiB, as the kernel reports them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    return {k: int(v.split()[0]) / 1024 for k, v in pairs if v.endswith(" kB")}
