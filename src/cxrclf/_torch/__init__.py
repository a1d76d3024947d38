"""Private helpers for torch. Importing this package imports torch."""

import cxrclf._torch.openmp  # noqa: F401
