"""Pixels to pixels: transformers that stand before an estimator in a pipeline.

They take X in any form of the estimators, image files or arrays of grey images, and
give an array of images of one size and of the same type of pixels.
"""

__all__: list[str] = []
