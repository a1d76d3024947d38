"""Shared by the benchmarks: settings, data, processes, memory and tables."""
