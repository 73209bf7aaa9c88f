"""Puts runs on one HTML page: ``python experiments/report.py runs/A runs/B``; see ``viewlearn.report.__main__``."""

from viewlearn.report.__main__ import main

if __name__ == "__main__":
    main()
