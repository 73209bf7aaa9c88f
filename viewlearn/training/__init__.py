"""Training: the loop, its schedules and checkpoints, and runs from a command line."""

from viewlearn.training.build import Parts, build, build_data, build_encoder
from viewlearn.training.checkpoint import load_checkpoint, load_newest, save_checkpoint
from viewlearn.training.cli import make_parser
from viewlearn.training.evaluator import Evaluator, answer, answered
from viewlearn.training.figures import draw_figures
from viewlearn.training.hardware import make_accelerator
from viewlearn.training.loop import train
from viewlearn.training.pictures import draw_heads, draw_neighbours
from viewlearn.training.players import Schedule
from viewlearn.training.questions import Questions
from viewlearn.training.run import evaluate_run, load_run, run
from viewlearn.training.run_folder import RunFolder, read_jsonl
from viewlearn.training.schedule import warmup_cosine

__all__ = [
    "Evaluator",
    "Parts",
    "Questions",
    "RunFolder",
    "Schedule",
    "answer",
    "answered",
    "build",
    "build_data",
    "build_encoder",
    "draw_figures",
    "draw_heads",
    "draw_neighbours",
    "evaluate_run",
    "load_checkpoint",
    "load_newest",
    "load_run",
    "make_accelerator",
    "make_parser",
    "read_jsonl",
    "run",
    "save_checkpoint",
    "train",
    "warmup_cosine",
]
