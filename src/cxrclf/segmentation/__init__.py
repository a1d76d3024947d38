"""Lungs found: a U-Net as an estimator of masks."""

__all__: list[str] = []
