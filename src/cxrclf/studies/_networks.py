"""Networks of a study by name."""

from collections import Counter
from collections.abc import Mapping

from sklearn.base import clone, is_classifier


class Networks(Mapping):
    """Unfitted classifiers by name, which nobody can change.

    Parameters
    ----------
    networks : mapping of str to classifier
        Classifiers. Their unfitted clones are stored.

    Raises
    ------
    TypeError
        If a value is no classifier, or a name is no text.
    ValueError
        If there is no network, or if names differ in upper and lower case only.
    """

    def __init__(self, networks):
        self._networks = {}
        for name, estimator in dict(networks).items():
            if not isinstance(name, str) or not name.strip():
                raise TypeError(f"The name of a network must be text, got {name!r}.")
            if not is_classifier(estimator):
                raise TypeError(
                    f"Network {name!r} must be a classifier, or a pipeline with a "
                    f"classifier as the last step, got {estimator!r:.60}."
                )
            self._networks[name] = clone(estimator)
        counts = Counter(name.casefold() for name in self._networks)
        twins = [name for name in self._networks if counts[name.casefold()] > 1]
        if twins:
            raise ValueError(
                f"The names {twins} differ in upper and lower case only, which not all "
                "file systems tell apart. Rename one of them."
            )
        if not self._networks:
            raise ValueError("A study needs one network at least. Pass networks.")

    def __getitem__(self, name):
        """Return an unfitted clone, so that changes of it change no study."""
        if name not in self._networks:
            raise KeyError(f"No network {name!r}. The networks are {list(self)}.")
        return clone(self._networks[name])

    def __iter__(self):
        return iter(self._networks)

    def __len__(self):
        return len(self._networks)

    def __repr__(self):
        return f"<networks {', '.join(self)}>"
