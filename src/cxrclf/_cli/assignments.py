"""Options of the form ``name=value``."""

import argparse
import ast


def assignment(text):
    """Parse ``name=value``. The value is a literal of Python, or else a text.

    Returns
    -------
    name : str
    value : object

    Raises
    ------
    argparse.ArgumentTypeError
        If the text has no name or no sign of equality.
    """
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an assignment. Pass name=value, such as "
            "learning_rate=1e-4."
        )
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def renaming(text):
    """Parse ``folder=class``. The last sign of equality counts.

    Returns
    -------
    folder, name : str

    Raises
    ------
    argparse.ArgumentTypeError
        If one of both is missing.
    """
    folder, _, name = text.rpartition("=")
    if not (folder and name):
        raise argparse.ArgumentTypeError(
            f"{text!r} renames no class. Pass folder=class, such as NORMAL=normal."
        )
    return folder, name
