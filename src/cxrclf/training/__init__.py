"""The one engine: device batches, augmentation, precision, skorch glue."""
