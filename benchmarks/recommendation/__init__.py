"""What the benchmarks of the recommenders share: data sets, baselines, tables."""
