"""torch modules and nothing else: the backbone factory and heads."""
