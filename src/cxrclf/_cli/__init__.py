"""Command line: ``python -m cxrclf``. A command is a few calls of public functions."""
