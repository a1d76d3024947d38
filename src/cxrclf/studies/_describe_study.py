"""Description of a study as text."""

import textwrap

from cxrclf._utils.tables import as_text

_WIDTH = 88
_SETTINGS = {
    "backbone": "backbone",
    "trainable": "trainable",
    "image_size": "pixels",
    "optimizer": "optimizer",
    "learning_rate": "learning rate",
    "batch_size": "batch",
    "max_epochs": "epochs",
}


def describe_study(study):
    """Return the networks, the folds and the protocol of a study as text.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
    """
    head = study.title or study.name
    parts = [f"{head}\n{'=' * len(head)}"]
    if study.changes:
        parts.append(_fill(describe_changes(study.changes)))
    if study.reference:
        parts.append(_fill(study.reference))
    if study.classes:
        parts.append(f"Classes: {', '.join(study.classes)}")
    for name, scheme in study.schemes.items():
        pairs = ", ".join(f"{old} -> {new}" for old, new in scheme.items())
        parts.append(_fill(f"Scheme {name!r}: {pairs}"))
    parts.append(_list_networks(study))
    parts.append(_fill(f"Folds: {study.cv}"))
    if study.validation is not None:
        parts.append(f"Validation set: {study.validation}")
    if study.preprocessing is not None:
        parts.append(_fill(f"Preprocessing: {study.preprocessing}"))
    if study.protocol:
        lines = [_fill(f"{key}: {text}") for key, text in study.protocol.items()]
        parts.append("The publication states:\n" + "\n".join(lines))
    for heading, texts in (
        ("Chosen here:", study.chosen),
        ("The scores of this variant are too good:", study.leaks),
    ):
        if texts:
            parts.append("\n".join([heading, *(_fill(f"- {text}") for text in texts)]))
    if study.faithful is not None:
        lines = [_fill(f"- {text}") for text in study.faithful.leaks]
        heading = "The variant faithful=True has these leaks:"
        parts.append("\n".join([heading, *lines]) if lines else heading[:-1])
    if study.published:
        parts.append(f"Published scores: {len(study.published)}")
    return "\n\n".join(parts)


def describe_changes(changes):
    """Return one sentence about the parameters that differ from the publication.

    Parameters
    ----------
    changes : mapping of str to object
        Values of the changed parameters.

    Returns
    -------
    str
    """
    values = ", ".join(f"{name}={value}" for name, value in changes.items())
    return f"Scaled, not the networks and settings of the publication: {values}."


def list_settings(estimator):
    """Return the main parameters of a classifier, also inside a pipeline.

    Parameters
    ----------
    estimator : classifier

    Returns
    -------
    dict of str to str
        Values by the names of the columns.
    """
    found = {}
    for path, value in estimator.get_params().items():
        name = path.rsplit("__", 1)[-1]
        if name in _SETTINGS and not hasattr(value, "get_params"):
            found[name] = value
    return {column: _format(found.get(name)) for name, column in _SETTINGS.items()}


def _list_networks(study):
    lines = [
        [name, *list_settings(study.networks[name]).values()] for name in study.networks
    ]
    return as_text(["network", *_SETTINGS.values()], lines)


def _format(value):
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        separator = " × " if all(isinstance(one, int) for one in value) else " + "
        return separator.join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fill(text):
    return textwrap.fill(
        " ".join(str(text).split()),
        _WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
