"""Evaluates runs from their folders alone: ``python experiments/evaluate.py runs/NAME``; see ``viewlearn.evaluate``."""

from viewlearn.evaluate import main

if __name__ == "__main__":
    main()
