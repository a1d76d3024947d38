"""Classifiers of chest radiographs."""
