"""What the benchmarks share: settings, data, clocks, memory and tables."""
