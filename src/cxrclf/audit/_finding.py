"""One finding of an audit."""

from dataclasses import dataclass

KINDS = ("leakage", "duplicates", "labels", "shortcut", "drift")


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Parameters
    ----------
    kind : {"leakage", "duplicates", "labels", "shortcut", "drift"}
        Kind of the finding:

        - "leakage": test samples that are not independent of training samples;
        - "duplicates": copies of an image in the data;
        - "labels": labels that contradict each other;
        - "shortcut": a classifier that cannot see the disease predicts the classes;
        - "drift": two sets of images differ.
    code : str
        Name of the finding, in lower case with underscores. Programs can test it.
    message : str
        Sentences that explain the finding, with numbers.
    n : int, default=0
        Number of affected images, patients or probes.

    Raises
    ------
    ValueError
        If `kind` is unknown.

    Examples
    --------
    >>> from cxrclf.audit import Finding
    >>> finding = Finding("leakage", "patient_on_both_sides", "2 patients ...", n=2)
    >>> print(finding)
    leakage: 2 patients ...
    """

    kind: str
    code: str
    message: str
    n: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}.")

    def __str__(self):
        return f"{self.kind}: {self.message}"
