"""Protocol section of the report of a study."""

from cxrclf.audit import Report, ReportTable

_LETTERS = 4000


def report_protocol(scores):
    """Return the protocol of a study: publication, choices, networks, environment.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
    """
    description = scores.results.description
    variant = "faithful" if description.get("faithful") else "honest"
    tables = {}
    protocol = description.get("protocol") or {}
    if protocol:
        tables["the_publication_states"] = _tabulate(
            ("topic", protocol), ("text", protocol.values())
        )
    chosen = description.get("chosen") or ()
    if chosen:
        tables["chosen_here"] = _tabulate(
            ("number", range(1, len(chosen) + 1)), ("choice", chosen)
        )
    networks = description.get("networks") or {}
    tables["networks"] = _tabulate_settings(networks)
    tables["estimators"] = _tabulate(
        ("network", networks),
        ("estimator", [_find_estimator(one) for one in networks.values()]),
        caption="Parameters that are not listed have their default value.",
    )
    changes = (description.get("scaled") or {}).items()
    environment = {
        "study": description.get("name"),
        "variant": variant,
        "class scheme": description.get("scheme"),
        "folds": description.get("cv"),
        "validation set": description.get("validation"),
        "preprocessing": description.get("preprocessing"),
        "changed parameters": ", ".join(f"{name}={value}" for name, value in changes),
        "seed": description.get("seed"),
        "processor": description.get("processor"),
        **(description.get("versions") or {}),
    }
    known = {
        key: value for key, value in environment.items() if value not in (None, "")
    }
    tables["run"] = _tabulate(("setting", known), ("value", map(str, known.values())))
    reading = [description["reference"]] if description.get("reference") else []
    reading.append(
        "This is the faithful variant: the folds, the training and the leaks of the "
        "publication."
        if variant == "faithful"
        else "This is the honest variant: patients are grouped, and all selection "
        "happens inside the training part."
    )
    if changes:
        reading.append(
            "This run is scaled: the changed parameters are not the parameters of the "
            "publication."
        )
    return Report("Protocol", None, tables, reading)


def _find_estimator(described):
    """Return the estimator of a network as text in one line."""
    if isinstance(described, dict):
        described = described.get("estimator", "")
    return " ".join(str(described).split())


def _tabulate_settings(networks):
    """Return the main parameters of the networks. Columns without values are left out.

    The table has no rows if there are no settings.
    """
    settings = {
        name: one.get("settings", {}) if isinstance(one, dict) else {}
        for name, one in networks.items()
    }
    names = dict.fromkeys(key for one in settings.values() for key in one)
    columns = [
        (name, [one.get(name) for one in settings.values()])
        for name in names
        if any(one.get(name) not in (None, "") for one in settings.values())
    ]
    if not columns:
        return _tabulate(("network", []))
    return _tabulate(("network", settings), *columns)


def _tabulate(*columns, caption=""):
    return ReportTable(
        {name: list(values) for name, values in columns}, caption, max_letters=_LETTERS
    )
