"""A training run for tests in processes of their own: ``python driver.py --flags``."""

import os
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import toy  # noqa: F401

import viewlearn.runs.folder as folder
import viewlearn.training.loop as loop
from viewlearn.runs import make_parser, run

if __name__ == "__main__":
    if kill_at := os.environ.get("KILL_AFTER_CHECKPOINTS"):  # dies the hard way, in the middle of the next steps
        original, count = folder.save_checkpoint, 0

        def counted(*args):
            global count
            count += 1
            if count > int(kill_at):
                os.kill(os.getpid(), 9)
            return original(*args)

        folder.save_checkpoint = counted
    defaults = {
        "data": {"class_path": "toy.Toy"},
        "views": {"class_path": "viewlearn.Viewmaker", "init_args": {"width": 4, "num_res_blocks": 1}},
        "encoder": {"class_path": "viewlearn.Backbone", "init_args": {"name": "resnet10w4"}},
        "batch_size": 16,
        "log_every": 2,
        "device": "cpu",
        "threads": 1,
        "precision": "fp32",
        "probes": ["knn"],
        "report": False,
    }
    # Figures, and a product of large bf16 matrices, take longer than all the steps, and no test here looks at them.
    vars(sys.modules["viewlearn.runs.run"])["save_figures"] = lambda *args: []
    loop.peak_flops = partial(loop.peak_flops, size=64, seconds=0.01)
    run(make_parser("a test", defaults), [*sys.argv[1:], "--trust"])  # of toy
