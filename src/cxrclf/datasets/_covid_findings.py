"""Convert the findings of public COVID-19 tables to paths of one hierarchy."""

from itertools import takewhile

_UNKNOWN = {"", "todo", "unknown"}
_LEAVES = {
    "Pneumonia/Viral": (
        *("COVID-19", "SARS", "MERS-CoV", "Influenza", "Influenza/H1N1", "Varicella"),
        "Herpes",
    ),
    "Pneumonia/Bacterial": (
        *("Streptococcus", "Klebsiella", "Legionella", "Nocardia", "E.Coli"),
        *("Staphylococcus", "Staphylococcus/MRSA", "Mycoplasma", "Chlamydophila"),
    ),
    "Pneumonia/Fungal": ("Pneumocystis", "Aspergillosis"),
    "Pneumonia": ("Viral", "Bacterial", "Fungal", "Lipoid", "Aspiration"),
}
_ALIASES = {
    # The newer tables have the cause instead of ARDS, or "Pneumonia" without a cause.
    "ards": "Pneumonia",
    "covid": "Pneumonia/Viral/COVID-19",
    "covid19": "Pneumonia/Viral/COVID-19",
    "mers": "Pneumonia/Viral/MERS-CoV",
    "viral pneumonia": "Pneumonia/Viral",
    "bacterial pneumonia": "Pneumonia/Bacterial",
    "pneumonia": "Pneumonia",
    "tuberculosis": "Tuberculosis",
    "no finding": "No Finding",
    "normal": "No Finding",
}


def _list_paths():
    """Return the path of each name in lower case, and of each path."""
    paths = dict(_ALIASES)
    for parent, names in _LEAVES.items():
        for name in names:
            path = f"{parent}/{name}"
            paths |= {name.casefold(): path, path.casefold(): path}
    return paths


_PATHS = _list_paths()


def find_class(finding, level=None):
    """Return the path of a finding in the hierarchy, or None if it is not known.

    Parameters
    ----------
    finding : str
        Finding of a table: a path such as "Pneumonia/Viral/COVID-19", a name such as
        "COVID-19", or several of them with commas between, such as "COVID-19, ARDS".
    level : int, default=None
        Number of names to return at most. By default all.

    Returns
    -------
    str or None
        Names from the general to the special, joined by "/". Several findings give
        the names that they have in common, or all findings joined by "+" if they
        have no name in common. A finding that is more general than another one, such
        as "Pneumonia" beside "COVID-19", does not count. A name outside the hierarchy
        is its own path.
    """
    parts = [part.strip() for part in finding.split(",")]
    parts = [part for part in parts if part.casefold() not in _UNKNOWN]
    paths = [_find_path(part) for part in parts]
    if not paths:
        return None
    paths = [p for p in paths if not any(p == q[: len(p)] for q in paths if p != q)]
    same = takewhile(lambda names: len(set(names)) == 1, zip(*paths, strict=False))
    common = [names[0] for names in same]
    if not common:
        return "+".join(sorted({"/".join(path[:level]) for path in paths}))
    return "/".join(common[:level])


def _find_path(name):
    """Return the names on the path of one finding as a list."""
    names = [part.strip() for part in name.split("/")]
    path = "/".join(names)
    return _PATHS.get(path.casefold(), path).split("/")
