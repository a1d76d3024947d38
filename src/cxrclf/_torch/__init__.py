"""Private helpers around torch, which is imported here first."""

import cxrclf._torch.openmp  # noqa: F401
