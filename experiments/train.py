"""Trains an encoder by contrasting views: ``accelerate launch experiments/train.py``; see ``viewlearn.train``."""

from viewlearn.train import main

if __name__ == "__main__":
    main()
