"""Runs: from a command line to a folder, and from a folder back to what was trained."""

from viewlearn.runs.build import Parts, build, build_data, build_encoder
from viewlearn.runs.checkpoint import load_checkpoint, load_newest, save_checkpoint
from viewlearn.runs.components import load_components
from viewlearn.runs.evaluator import Evaluator, answer, place_of, saved_answers
from viewlearn.runs.figures import save_figures, save_heads_of_run, save_neighbors_of_runs
from viewlearn.runs.folder import RunFolder, StorageError
from viewlearn.runs.loading import load, load_run
from viewlearn.runs.logs import read_jsonl
from viewlearn.runs.memory import MemoryStore
from viewlearn.runs.parser import make_parser
from viewlearn.runs.questions import Questions
from viewlearn.runs.run import evaluate_run, run
from viewlearn.runs.trainer import Reading, Trainer

__all__ = [
    "Evaluator",
    "MemoryStore",
    "Parts",
    "Questions",
    "Reading",
    "RunFolder",
    "StorageError",
    "Trainer",
    "answer",
    "build",
    "build_data",
    "build_encoder",
    "evaluate_run",
    "load",
    "load_checkpoint",
    "load_components",
    "load_newest",
    "load_run",
    "make_parser",
    "place_of",
    "read_jsonl",
    "run",
    "save_checkpoint",
    "save_figures",
    "save_heads_of_run",
    "save_neighbors_of_runs",
    "saved_answers",
]
