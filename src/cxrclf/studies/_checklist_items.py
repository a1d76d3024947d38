"""Items of reporting guidelines, and the facts of a run that fill them.

The texts are short paraphrases. The original texts are in the publications.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """Item of a reporting guideline.

    Attributes
    ----------
    number : str
        Number in the guideline.
    section : str
        Section of the guideline.
    text : str
        Content in short words.
    topics : tuple of str
        Topics of :func:`describe_facts` that fill the item.
    missing : str
        What the authors have to add. Empty if a run knows everything.
    """

    number: str
    section: str
    text: str
    topics: tuple[str, ...] = ()
    missing: str = ""


def _list(section, *rows):
    return [Item(row[0], section, *row[1:]) for row in rows]


CLAIM = [
    *_list(
        "Title and abstract",
        ("1", "Name the study as AI, with the technology", ("title", "technology")),
        ("2", "Summary of design, methods, results", ("summary",), "conclusions"),
    ),
    *_list(
        "Introduction",
        ("3", "Background, intended use and role of the AI", (), "all"),
        ("4", "Aims and hypotheses", ("aims",), "hypotheses"),
    ),
    *_list(
        "Study design",
        ("5", "Prospective or retrospective", (), "all"),
        ("6", "Goal of the study", ("aims",)),
    ),
    *_list(
        "Data",
        ("7", "Sources of the data", ("images", "protocol data"), "origin and dates"),
        ("8", "Inclusion and exclusion criteria", (), "all"),
        (
            "9",
            "Preprocessing of the data",
            ("preprocessing", "pixels", "protocol preprocessing"),
            "other steps",
        ),
        ("10", "Selection of subsets of the data", (), "all"),
        ("11", "Removal of personal data", (), "all"),
        ("12", "Handling of missing data", ("missing",)),
        ("13", "Acquisition of the images", (), "devices, views and settings"),
    ),
    *_list(
        "Reference standard",
        ("14", "Definition of the reference standard", (), "all"),
        ("15", "Reason for this reference standard", (), "all"),
        ("16", "Source of the annotations", (), "annotators and their experience"),
        ("17", "Annotation of the test set", (), "all"),
        ("18", "Variability between and within raters", (), "all"),
    ),
    *_list(
        "Partitions",
        ("19", "Assignment of data to partitions", ("partition", "protocol folds")),
        ("20", "Level at which partitions are disjoint", ("disjoint",)),
        ("21", "Intended size of the test set", ("images",), "reason for the size"),
    ),
    *_list(
        "Model",
        ("22", "Description of the model", ("model", "protocol networks", "output")),
        ("23", "Software and versions", ("software", "processor")),
        ("24", "Initialization of the parameters", ("initialization",)),
    ),
    *_list(
        "Training",
        (
            "25",
            "Training, augmentation and hyperparameters",
            ("training", "protocol training", "protocol imbalance"),
        ),
        ("26", "Selection of the final model", ("selection",)),
        ("27", "Ensembles of models", (), "whether models were combined"),
    ),
    *_list(
        "Evaluation",
        ("28", "Measures of performance", ("metrics", "protocol metrics")),
        ("29", "Measures of significance and uncertainty", ("uncertainty",)),
        ("30", "Analysis of robustness", ("robustness",), "other analyses"),
        ("31", "Methods of explanation", ("explainability",), "their validation"),
        ("32", "Evaluation on internal data", ("internal",)),
        ("33", "Test on external data", ("external",)),
        ("34", "Registration of a clinical trial", (), "all"),
    ),
    *_list(
        "Results",
        ("35", "Numbers of patients included and excluded", ("images",), "exclusions"),
        (
            "36",
            "Characteristics of cases in each partition",
            ("partition",),
            "age, sex",
        ),
        ("37", "Performance with its uncertainty", ("performance",)),
        ("38", "Diagnostic performance and its precision", ("performance",)),
        ("39", "Analysis of failures", ("failures",), "a reading of the errors"),
    ),
    *_list(
        "Discussion",
        ("40", "Limits of the study", ("limits",), "other limits"),
        ("41", "Implications for practice, and intended use", (), "all"),
    ),
    *_list(
        "Other information",
        ("42", "Reference to the protocol", ("reference",), "the protocol"),
        ("43", "Availability of software, models and data", (), "all"),
        ("44", "Funding and role of the funders", (), "all"),
    ),
]

TRIPOD_AI = [
    *_list(
        "Title and abstract",
        ("1", "Name the prediction model, population and outcome", ("title", "aims")),
        ("2", "Abstract by the checklist for abstracts", ("summary",), "the rest"),
    ),
    *_list(
        "Introduction",
        ("3a", "Context of care, reasons, existing models", (), "all"),
        ("3b", "Target population, purpose and users", (), "all"),
        ("3c", "Known inequalities in health", (), "all"),
        ("4", "Objectives: development, evaluation or both", ("aims",)),
    ),
    *_list(
        "Methods",
        (
            "5a",
            "Sources of the data and how representative they are",
            ("images", "protocol data"),
            "origin, reasons and representativeness",
        ),
        ("5b", "Dates of the data", (), "all"),
        ("6a", "Setting, number and place of the centers", (), "all"),
        ("6b", "Eligibility of participants", (), "all"),
        ("6c", "Treatments", (), "all"),
        (
            "7",
            "Preparation and quality of data",
            ("preprocessing", "pixels", "protocol preprocessing", "robustness"),
            "other steps",
        ),
        ("8a", "Definition of the outcome", (), "all"),
        ("8b", "Assessors of the outcome", (), "all"),
        ("8c", "Blinding of the outcome", (), "all"),
        ("9a", "Choice of predictors", (), "why images alone"),
        (
            "9b",
            "Definition of predictors",
            ("preprocessing", "pixels", "protocol preprocessing"),
            "acquisition",
        ),
        ("9c", "Assessors of predictors", (), "all"),
        ("10", "Sample size and its reason", ("images",), "reason for the size"),
        ("11", "Missing data", ("missing",)),
        ("12a", "Use and partition of the data", ("partition", "disjoint")),
        (
            "12b",
            "Handling of predictors",
            ("preprocessing", "pixels", "protocol preprocessing"),
            "rescaling",
        ),
        (
            "12c",
            "Type of model, building, tuning",
            ("technology", "model", "training", "selection"),
        ),
        ("12d", "Differences between clusters, such as hospitals", (), "all"),
        ("12e", "Measures and plots of performance", ("metrics", "uncertainty")),
        ("12f", "Updating of the model", (), "whether a model was recalibrated"),
        ("12g", "Calculation of predictions", ("output", "software")),
        ("13", "Methods for imbalanced classes", ("protocol imbalance",), "reasons"),
        ("14", "Methods for fairness", (), "all"),
        ("15", "Output of the model and thresholds", ("output",)),
        (
            "16",
            "Differences of development and evaluation data",
            ("internal", "external"),
        ),
        ("17", "Ethical approval", (), "all"),
    ),
    *_list(
        "Open science",
        ("18a", "Funding", (), "all"),
        ("18b", "Conflicts of interest", (), "all"),
        ("18c", "Protocol", ("reference",), "access to the protocol"),
        ("18d", "Registration", (), "all"),
        ("18e", "Sharing of data", (), "all"),
        ("18f", "Sharing of code", (), "all"),
    ),
    *_list(
        "Patients and public",
        ("19", "Involvement of patients and the public", (), "all"),
    ),
    *_list(
        "Results",
        ("20a", "Flow of participants", ("images",), "exclusions"),
        ("20b", "Characteristics of participants", ("images",), "age, sex, dates"),
        ("20c", "Comparison with the development data", ("partition",)),
        ("21", "Numbers of participants and events per analysis", ("partition",)),
        (
            "22",
            "Full specification of the model",
            ("model", "initialization"),
            "access",
        ),
        (
            "23a",
            "Performance with intervals, and subgroups",
            ("performance",),
            "subgroups",
        ),
        ("23b", "Differences of performance between clusters", (), "all"),
        ("24", "Results of updating", (), "all"),
    ),
    *_list(
        "Discussion",
        ("25", "Interpretation and fairness", (), "all"),
        ("26", "Limits", ("limits",), "other limits"),
        ("27a", "Handling of poor or missing input", (), "all"),
        ("27b", "Interaction and expertise of users", (), "all"),
        ("27c", "Next steps of research", (), "all"),
    ),
]
