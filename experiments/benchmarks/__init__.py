"""Speed and memory, each part against its peers; ``experiments/benchmark.py`` runs them all."""
