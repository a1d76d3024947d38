"""Imbalance: samplers for imbalanced-learn pipelines, and phased balanced training."""

__all__ = []
