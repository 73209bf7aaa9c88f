"""Trains an encoder by contrasting views: ``python experiments/train.py``; see ``viewlearn.train``."""

from viewlearn.train import main

if __name__ == "__main__":
    main()
