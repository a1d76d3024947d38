"""The parser of a command, with the options that all commands have."""

import argparse
import textwrap

_WIDTH = 80  # characters per line of a help text


def add_command(commands, name, run, *, summary, description, failure, examples):
    """Add a command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    name : str
        Name of the command.
    run : callable
        Function of the parsed options. It returns the exit status.
    summary : str
        Line about the command in the list of all commands.
    description : str
        Text about the command, in lines of at most 88 characters.
    failure : str or None
        Words that complete the sentence "The exit status is 1 ...". None if it never
        is.
    examples : str
        Command lines, one or more.

    Returns
    -------
    argparse.ArgumentParser
        Parser without options. The command adds its own options, and then those of
        :func:`add_output_options`.
    """
    partly = "" if failure is None else f" 1 {failure},"
    status = textwrap.fill(
        f"exit status: 0 after success,{partly} 2 after an error, 130 after Ctrl-C.",
        _WIDTH,
    )
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"{status}\n\nexamples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def add_output_options(parser, *, overwrite=True):
    """Add the options that are the same in all commands.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    overwrite : bool, default=True
        Whether the command writes files, so that it needs the option ``--overwrite``.
    """
    if overwrite:
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="replace files that exist already; without it, existing files are an "
            "error before any work",
        )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the result as JSON on the standard output, and nothing else there",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="show no progress and no text about the result; warnings and errors are "
        "still shown",
    )


def speaks(options):
    """Return whether a command prints text about its result."""
    return not (options.quiet or options.json)


def image_size(text):
    """Parse an image size: ``224``, or height and width as ``320x256``.

    Raises
    ------
    argparse.ArgumentTypeError
        If the text is no size.
    """
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an image size. Pass one number of pixels, such as 224, "
            "or height and width, such as 320x256."
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def positive(text):
    """Parse a whole number of 1 or more.

    Raises
    ------
    argparse.ArgumentTypeError
        If the text is no such number.
    """
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of 1 or more."
        )
    return int(text)
