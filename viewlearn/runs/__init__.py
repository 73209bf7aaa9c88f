"""Runs: from a command line to a folder, and from a folder back to what was trained."""

from viewlearn.runs.build import Parts, build, build_data, build_encoder
from viewlearn.runs.checkpoint import load_checkpoint, load_newest, save_checkpoint
from viewlearn.runs.evaluator import Evaluator, answer, answered
from viewlearn.runs.figures import draw_figures
from viewlearn.runs.folder import RunFolder, read_jsonl
from viewlearn.runs.parser import make_parser
from viewlearn.runs.pictures import draw_heads, draw_neighbors
from viewlearn.runs.questions import Questions
from viewlearn.runs.run import evaluate_run, load_run, run

__all__ = [
    "Evaluator",
    "Parts",
    "Questions",
    "RunFolder",
    "answer",
    "answered",
    "build",
    "build_data",
    "build_encoder",
    "draw_figures",
    "draw_heads",
    "draw_neighbors",
    "evaluate_run",
    "load_checkpoint",
    "load_newest",
    "load_run",
    "make_parser",
    "read_jsonl",
    "run",
    "save_checkpoint",
]
