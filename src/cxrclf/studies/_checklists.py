"""Reporting guidelines, filled from the run of a study."""

from cxrclf.audit import Report, ReportTable
from cxrclf.studies._checklist_items import CLAIM, TRIPOD_AI
from cxrclf.studies._study_facts import BLANK, describe_facts

_GUIDELINES = {
    "CLAIM 2024": (
        CLAIM,
        'A. S. Tejani et al., "Checklist for Artificial Intelligence in Medical '
        'Imaging (CLAIM): 2024 update", Radiology: Artificial Intelligence 6, e240300, '
        "2024.",
    ),
    "TRIPOD+AI": (
        TRIPOD_AI,
        'G. S. Collins et al., "TRIPOD+AI statement: updated guidance for reporting '
        'clinical prediction models that use regression or machine learning methods", '
        "BMJ 385, e078378, 2024.",
    ),
}


def checklists(scores):
    """Return the items of CLAIM 2024 and TRIPOD+AI, filled from a run.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
        Report with one part per guideline. An item that the run does not know is a
        named blank.

    References
    ----------
    .. [1] A. S. Tejani et al., "Checklist for Artificial Intelligence in Medical
       Imaging (CLAIM): 2024 update", Radiology: Artificial Intelligence 6, 2024.
    .. [2] G. S. Collins et al., "TRIPOD+AI statement: updated guidance for reporting
       clinical prediction models that use regression or machine learning methods",
       BMJ 385, 2024.
    """
    facts = describe_facts(scores)
    parts = [
        _fill(name, items, source, facts)
        for name, (items, source) in _GUIDELINES.items()
    ]
    return Report(
        "Reporting guidelines",
        None,
        reading=[
            "The items are filled with what the run knows. All other items, and parts "
            f'of items, are marked "{BLANK}". Sentences that begin with "The '
            'publication states" describe the publication and not this run. They do '
            "not count as filled. The texts of the items are short paraphrases. The "
            "guidelines have the original texts."
        ],
        parts=parts,
    )


def _fill(name, items, source, facts):
    """Return one guideline as a report."""
    texts, n_filled = [], 0
    for item in items:
        found = [facts[topic] for topic in item.topics if topic in facts]
        # A statement of the publication is no knowledge of the run.
        n_filled += any(
            topic in facts and not topic.startswith("protocol ")
            for topic in item.topics
        )
        if not found:
            found = [f"{BLANK}."]
        elif item.missing:
            found.append(f"{BLANK}: {item.missing}.")
        texts.append(" ".join(found))
    table = ReportTable(
        {
            "item": [item.number for item in items],
            "section": [item.section for item in items],
            "content": [item.text for item in items],
            "in this study": texts,
        },
        source,
        max_letters=4000,
    )
    reading = [
        f"{n_filled} of {len(items)} items are filled from the run, at least in part."
    ]
    return Report(name, None, {name: table}, reading)
