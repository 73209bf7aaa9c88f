"""Writes a run's features of a folder: ``python experiments/embed.py runs/NAME DIR``; see ``viewlearn.embed``."""

from viewlearn.embed import main

if __name__ == "__main__":
    main()
