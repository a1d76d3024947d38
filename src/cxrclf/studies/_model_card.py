"""Model card of a study."""

from cxrclf.audit import Report, ReportTable
from cxrclf.studies._study_facts import BLANK, describe_facts, list_limits


def model_card(scores):
    """Return the model card of the networks of a study.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
        Table of topics and texts. What the run does not know is a named blank.

    References
    ----------
    .. [1] M. Mitchell et al., "Model cards for model reporting", Conference on
       Fairness, Accountability, and Transparency, 2019.
    """
    facts = describe_facts(scores)

    def join(*topics, blank=None):
        texts = [facts[topic] for topic in topics if topic in facts]
        texts += [f"{BLANK}: {blank}."] if blank else []
        return " ".join(texts)

    rows = {
        "Model": join("technology", "model", "initialization"),
        "Intended use": "Research on methods of classification, and the comparison of "
        "networks on the same images. "
        + f"{BLANK}: the clinical question, the users and the place in the care.",
        "Use that is not intended": "Not for clinical use. The networks must not be "
        "used for diagnosis, triage or treatment: they were tested on images of the "
        "same sources as in the training only.",
        "Data": join(
            "images",
            "protocol data",
            blank="the origin of the images, consent, license, age and sex",
        ),
        "Preprocessing": join(
            "preprocessing",
            "pixels",
            "protocol preprocessing",
            blank="other steps, if any",
        ),
        "Training": join(
            "training", "selection", "protocol training", "protocol imbalance"
        ),
        "Test": join("partition", "disjoint", "internal", "external"),
        "Metrics": join("metrics", "uncertainty"),
        "Result": join("performance"),
        "Groups of patients": f"{BLANK}: scores by sex, age, view and source "
        "(Predictions.subgroup_table).",
        "Limits": " ".join(list_limits(scores)),
        "Software": join("software", "processor", "reproduce"),
        "Contact and license": f"{BLANK}: the authors, and the license of the models.",
    }
    table = ReportTable(
        {"topic": list(rows), "text": list(rows.values())}, max_letters=4000
    )
    return Report("Model card", None, {"model_card": table}, ["Not for clinical use."])
