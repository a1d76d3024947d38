"""The training engine: data, features, the trainer, checkpoints."""

import cxrclf._torch  # noqa: F401  first, see _torch/openmp.py
