"""Checks and small helpers shared by every room. Not part of the public API."""
