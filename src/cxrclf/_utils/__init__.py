"""Checks and helpers, shared by all subpackages. Not part of the public API."""
