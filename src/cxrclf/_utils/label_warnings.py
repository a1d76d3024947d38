"""Warn about labels that may not be what they seem."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cxrclf._utils.missing import MISSING_TEXTS
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import LabelWarning

_LISTS = "|;"  # characters that separate the labels of a list
_MAYBE_LISTS = ",/+&"  # characters that also occur in names


def warn_of_labels(
    labels: Iterable[Any], label_map: Mapping[Any, Any] | None = None, rest: Any = None
) -> None:
    """Warn about labels that look alike, like lists, or like missing values.

    Parameters
    ----------
    labels : iterable
        Different labels of the data.
    label_map : mapping or None, default=None
        Label map of a scheme. There is no warning about labels that it lists, except
        if another label that looks alike becomes another class.
    rest : str or number or None, default=None
        Class of labels that `label_map` does not list.
    """
    listed = {} if label_map is None else label_map
    names = sorted({str(name) for name in (*labels, *listed) if isinstance(name, str)})
    for twins in find_twins(names):
        if len({listed.get(name, rest) for name in twins}) > 1 or not listed:
            warn_user(
                f"The labels {twins} differ only in case or blanks, and are different "
                "classes. If they mean the same, write them alike: "
                '[" ".join(label.split()).casefold() for label in y].',
                LabelWarning,
            )
    lists = [name for name in find_lists(names) if name not in listed]
    if lists:
        warn_user(
            f"The labels {_shorten(lists)} look like lists of labels, and each list is "
            "a class of its own. Several labels per image are not supported: choose "
            "one label per image, or list these labels in a label_map of "
            "LabelMapClassifier.",
            LabelWarning,
        )
    texts = [name for name in names if name in MISSING_TEXTS and name not in listed]
    if texts:
        warn_user(
            f"The labels {texts} look like missing labels that were converted to text. "
            "Remove their rows, or give the class another name.",
            LabelWarning,
        )


def find_twins(names: list[str]) -> list[list[str]]:
    """Return the groups of names that differ only in case, blanks or Unicode form."""
    alike: dict[str, list[str]] = {}
    for name in names:
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        alike.setdefault(key, []).append(name)
    return [group for group in alike.values() if len(group) > 1]


def find_lists(names: list[str]) -> list[str]:
    """Return the names that look like lists of several labels.

    Names with ``|`` or ``;`` between words, and names in brackets, are lists. A name
    with ``,``, ``/``, ``+`` or ``&`` is a list if each of its parts also occurs in
    another name, so that "pneumonia, viral" is none.
    """
    parts = {name: _split(name) for name in names}
    n_names = Counter(part for found in parts.values() for part in set(found))
    return [
        name
        for name, found in parts.items()
        if _is_in_brackets(name)
        or len(_split(name, _LISTS)) > 1
        or (len(found) > 1 and all(n_names[part] > 1 for part in found))
    ]


def _split(name: str, separators: str = _LISTS + _MAYBE_LISTS) -> list[str]:
    for separator in separators:
        name = name.replace(separator, "\n")
    return [part.strip().casefold() for part in name.split("\n") if part.strip()]


def _is_in_brackets(name: str) -> bool:
    name = name.strip()
    is_quoted = any(character in name for character in ",'\"")
    return is_quoted and name[:1] + name[-1:] in ("[]", "()", "{}")


def _shorten(names: list[str], n: int = 5) -> str:
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return f"{names[:n]}{more}"
