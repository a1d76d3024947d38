"""Parse the command line and run a command."""

import argparse
import sys

from cxrclf import __version__
from cxrclf._cli import audit

_ERROR = 2  # exit status, as of argparse
_INTERRUPTED = 130  # 128 + the number of the signal, as shells report it


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments of the command line. By default those of the process.

    Returns
    -------
    int
        Exit status: 0 after success, 1 if an audit found what ``--fail-on`` names, 2
        after an error, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="cxrclf", description="Tools for chest radiographs and their classifiers."
    )
    parser.add_argument("--version", action="version", version=f"cxrclf {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    audit.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError, ImportError) as error:
        print(f"cxrclf: error: {error}", file=sys.stderr)
        return _ERROR
    except KeyboardInterrupt:
        print("cxrclf: interrupted", file=sys.stderr)
        return _INTERRUPTED
