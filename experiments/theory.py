"""The linear feature-suppression model: figures, sweeps and demonstrations. ``python experiments/theory.py --help``"""

import sys
from pathlib import Path

# First on the path, a script's folder would hide the package theory behind this script; last, it still holds the
# script's siblings.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

from linear_model import main

if __name__ == "__main__":
    main()
