"""The training engine: data, the feature cache, the trainer, checkpoints."""

import cxrclf._torch  # noqa: F401  first; see _torch/openmp.py
