"""Command line: ``cxrclf``. A command is a few calls of public functions."""
