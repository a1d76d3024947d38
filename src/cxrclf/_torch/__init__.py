"""Helpers for torch, shared by several subpackages. Not part of the public API."""
