"""Numbers: per-class scores as a table and as scorers."""
