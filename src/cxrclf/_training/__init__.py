"""The training engine: data, features, the trainer, checkpoints."""
