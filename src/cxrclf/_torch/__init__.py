"""What the subpackages that use torch share. Not part of the public API."""
