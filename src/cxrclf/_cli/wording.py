"""Messages of the library in the words of the command line."""

import re

_CLASSES = "--label FOLDER=CLASS"
_WORDS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        # Patients in file names.
        (r"\bgroups='", "--groups '"),
        (
            r", or pass a callable that returns an id for each path",
            ", or end it with |.+ to count each other file as a patient of its own",
        ),
        # Types of files.
        (r" To leave them out without a warning, pass [^.]* in `extensions`\.", ""),
        (r", or pass other extensions", ""),
        (r" \(see the `failures` attribute\)", ""),
        (r"Pass os\.path\.expanduser\(path\)", "Write the home folder as a full path"),
        (r"pass os\.path\.join\(folder, path\)", "write this folder before the names"),
        # Classes of a study.
        (
            r"\blabel_map names (\[.*?\]), and y has (\[.*?\]) only\.",
            r"--label names \1, and the folders are \2. Check upper and lower case.",
        ),
        (r"^y has the class", "The folders have the class"),
        (r"\by has the class", "the folders have the class"),
        (r"Pass label_map=\{class in y: class of the study\}", f"Pass {_CLASSES}"),
        (r"\bin label_map\.", f"with {_CLASSES}."),
        (
            r"Rename the classes of y, or pass a label_map to the run of a study\.",
            f"Pass {_CLASSES} to rename classes.",
        ),
        (r': \[" "\.join\(.* for label in y\]', ""),
        (r", or list these labels in a label_map of LabelMapClassifier", ""),
        # Networks and results of a study.
        (r"Pass segmenter=\.\.\.", "Pass --segmenter MODEL."),
        (
            r"Pass as many backbones as a network has\.",
            "Pass --backbone once per backbone of a network.",
        ),
        (r"\bout='", "--out '"),
        (r"The same call repeats", "The same command repeats"),
    )
)


def use_options(text):
    """Replace parameters of functions by options in a message of the library.

    Parameters
    ----------
    text : str
        Message of an error or of a warning.

    Returns
    -------
    str

    Examples
    --------
    >>> from cxrclf._cli.wording import use_options
    >>> use_options("groups='^p' finds no id for 1 of 3 files.")
    "--groups '^p' finds no id for 1 of 3 files."
    """
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
