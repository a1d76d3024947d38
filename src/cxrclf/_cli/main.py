"""Parse the command line and run a command."""

import argparse
import sys

from cxrclf import __version__
from cxrclf._cli import audit, convert, explain, predict, study, train
from cxrclf._cli.error_output import lines_without_terminal, short_warnings
from cxrclf._cli.wording import use_options
from cxrclf.exceptions import ImageReadError

_COMMANDS = (audit, study, train, predict, explain, convert)
_ERROR = 2  # exit status, as of argparse
_INTERRUPTED = 130  # 128 + the number of the signal, as shells report it
# Errors of the input and of the machine. Others are errors of cxrclf, and have a
# traceback for a report.
_EXPECTED = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments of the command line. By default those of the process.

    Returns
    -------
    int
        Exit status: 0 after success, 1 if a command was not wholly successful (see its
        help), 2 after an error, 130 after Ctrl-C.
    """
    options = _make_parser().parse_args(arguments)
    with lines_without_terminal(), short_warnings():
        try:
            return options.run(options)
        except _EXPECTED as error:
            print(f"cxrclf: error: {_describe(error)}", file=sys.stderr)
            return _ERROR
        except KeyboardInterrupt as error:
            # In a terminal, a progress bar and ^C are on the present line.
            start = "\n" if sys.stderr.isatty() else ""
            hint = f": {error}" if str(error) else ""
            print(f"{start}cxrclf: interrupted{hint}", file=sys.stderr)
            return _INTERRUPTED


def _make_parser():
    parser = argparse.ArgumentParser(
        prog="cxrclf",
        description="Tools for chest radiographs and their classifiers.",
        epilog="Each command has its own help with examples: cxrclf audit --help",
    )
    parser.add_argument("--version", action="version", version=f"cxrclf {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _describe(error):
    """Return the message of an error in one line, with the type of an unusual one."""
    if isinstance(error, ImageReadError):
        return use_options(str(error))  # a line per file
    text = use_options(" ".join(str(error).split()))
    if isinstance(error, (ValueError, OSError, ImportError)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
