"""Evaluates runs from their folders alone: ``python -m viewlearn.evaluate runs/NAME [more runs] [questions]``."""

import argparse
import sys
from pathlib import Path

import torch
from jsonargparse import Namespace

from viewlearn.bounds import Count, PositiveFraction, Seed, SmallCountOrZero
from viewlearn.endings import plain_endings
from viewlearn.evaluation import Results
from viewlearn.runs import (
    Evaluator,
    Parts,
    Questions,
    RunFolder,
    answer,
    evaluate_run,
    load_components,
    load_run,
    make_parser,
    place_of,
    save_figures,
    save_heads_of_run,
    save_neighbors_of_runs,
)
from viewlearn.runs.provenance import program
from viewlearn.runs.questions import EVERY_LAYER, TRAINED_FACTORS, parse_factors, split_data
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.tables import text_table
from viewlearn.threads import set_threads
from viewlearn.training import make_accelerator

DESCRIPTION = """Evaluates runs from their folders alone.

Without questions, each run's own evaluation is repeated (results.json). With any of them, the answers go to the run's
folder, evaluation.json and for further questions evaluation-2.json, …, or to --out:

    --layers V 'Z_*' Z_rotation              backbone, all embeddings side by side, one of them; "each" for every layer
    --factors rotation=vision.QuarterRotation hue=vision.ColorJitter,hue=0.5:hue/4 color=color:hue/8
    --label_fractions 0.01 0.1 --fine_tune   with 1 % and 10 % of the labels: frozen, and all weights trained further
    --shots 5 10 --corruptions --num_corrupted 1000 --shared
    --data.overlay vision.Digits             the run's encoder on other data; any --data… flag of training

Pictures, instead of questions: --neighbors FILE (all runs side by side, for each of --layers) and --heads.

A factor is NAME=VIEW[,ARGUMENT=VALUE…][:PARAMETER][/CLASSES], where VIEW is an entry of the run's own views, several
joined by "+", or a class. docs/looc.md has examples of all.
"""
IMAGENET_C = "vision.corruptions.imagenet_c"


def main() -> None:
    """Does what this process's command line asks; a user's mistake ends it with one line."""
    parser = _make_parser()
    with plain_endings(ValueError, OSError):
        load_components()
        data, others = split_data(sys.argv[1:])
        arguments = parser.parse_args(others)
        set_threads(arguments.threads)
        questions = _questions(arguments, data)
        if arguments.out and len(arguments.runs) > 1:
            raise ValueError("--out is one file for one run's answers; leave it out, and each run's folder has them")
        if arguments.neighbors or arguments.heads:
            _save_pictures(arguments)
        elif questions == Questions():
            for run in arguments.runs:
                _repeat(run, arguments)
        else:
            _ask(arguments, questions)


def _make_parser() -> argparse.ArgumentParser:
    """The parser of all flags but those of the data."""
    parser = ScriptParser(
        program(),
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("runs", nargs="+", help="folders of finished runs")
    add("--tasks", nargs="*", help="tasks of the data (default: all)")
    add("--probes", nargs="*", choices=["linear", "knn"], help="probes on clean inputs (default: linear)")
    add("--layers", nargs="+", metavar="LAYER", help=f"V, Z_SPACE, patterns, several joined by +, or {EVERY_LAYER}")
    add("--factors", nargs="+", metavar="NAME=VIEW", help="factors whose setting is to be predicted, see above")
    add("--shots", nargs="+", type=in_bounds(Count), help="labeled samples per class of few-shot classification")
    add("--episodes", type=in_bounds(Count), help="episodes of few-shot classification (default: 10)")
    add("--label_fractions", nargs="+", type=in_bounds(PositiveFraction), help="fractions of labels to learn from")
    add("--fine_tune", action="store_true", default=None, help="with --label_fractions, train the encoder further, too")
    add("--corruptions", nargs="?", const=IMAGENET_C, metavar="FUNCTION", help=f"default: {IMAGENET_C}")
    add("--num_corrupted", type=in_bounds(Count), help="test samples under each corruption (default: all)")
    add("--shared", nargs="*", metavar="FACTOR", help="which layers keep these entries of the run's views")
    add("--described", nargs="*", metavar="FACTOR", help="how much of what views did features tell (R², null)")
    add("--num_train", type=in_bounds(Count), help="samples to fit probes on (default: all)")
    add("--num_test", type=in_bounds(Count), help="test and validation samples (default: all)")
    add("--random_encoder", action="store_true", default=None, help="ask the run's initial weights, too")
    add("--precision", choices=["auto", "fp32", "bf16"], help="precision of the encoder (default: auto)")
    add("--seed", type=in_bounds(Seed), help="seed of all draws (default: 0)")
    add("--out", type=Path, help="file of the answers, for one run")
    add("--device", default="auto", help="auto, cpu, cuda, … (default: auto)")
    add("--threads", type=in_bounds(SmallCountOrZero), default=0, help="CPU threads; 0: all cores")
    add("--trust", action="store_true", help="let the runs name classes of any package, see docs/safety.md")
    add("--figures", action="store_true", help="draw the run's figures again, too")
    add("--neighbors", type=Path, metavar="FILE", help="draw nearest neighbors, nothing else, into this file")
    add("--heads", action="store_true", help="draw which embedding space decides, into each run's figures/heads.png")
    return parser


def _questions(arguments: argparse.Namespace, data: dict[str, str]) -> Questions:
    """The questions that flags ask; those that aren't given have their defaults."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    declared = {name: given[name] for name in Questions.__dataclass_fields__ if name in given}
    if "factors" in declared:
        declared["factors"] = parse_factors(declared["factors"])
    if declared.get("shared") == []:
        declared["shared"] = [TRAINED_FACTORS]
    if declared.get("fine_tune") and "label_fractions" not in declared:
        declared["label_fractions"] = [1.0]
    return Questions.of({**declared, "data": data})


def _described(results: Results) -> str:
    """What features tell of views, as a table; nothing where that wasn't asked."""
    found = results.info.get("described")
    if not isinstance(found, dict):
        return ""
    rows = [
        (*name.rpartition("/")[::2], *("—" if each[key] is None else f"{each[key]:.3f}" for key in ("r2", "null")))
        for name, each in found.items()
    ]
    return f"\n\n{text_table(('features', 'views', 'R²', 'null'), rows, left=2)}"


def _ask(arguments: argparse.Namespace, questions: Questions) -> None:
    """Puts the questions to every run, and prints and writes the answers."""
    evaluator = Evaluator(arguments.device, arguments.trust)
    for run in arguments.runs:
        path = arguments.out or place_of(questions, Path(run))
        results = answer(evaluator, run, questions, path)
        print(f"{results}{_described(results)}\n\nanswers: {path}\n")
        if arguments.figures:
            config, parts = evaluator.load(run)
            _save_figures(RunFolder(run), config, parts, evaluator.device)


def _repeat(run: str, arguments: argparse.Namespace) -> None:
    """Repeats the evaluation that a run makes at its end."""
    parser, folder = make_parser(), RunFolder(run)
    config, parts = load_run(parser, folder, trust=arguments.trust)
    accelerator = make_accelerator(arguments.device, config.precision)
    parts.method.to(accelerator.device)
    print(f"{evaluate_run(parser, config, folder, parts, accelerator)}\n\nresults: {folder.results}")
    if arguments.figures:
        _save_figures(folder, config, parts, accelerator.device)


def _save_figures(folder: RunFolder, config: Namespace, parts: Parts, device: torch.device) -> None:
    for path in save_figures(folder, parts.data, parts.method.views, device, config.seed):
        print(f"figure:  {path}")


def _save_pictures(arguments: argparse.Namespace) -> None:
    """Draws nearest neighbors of all runs, and each run's heads."""
    evaluator, seed = Evaluator(arguments.device, arguments.trust), arguments.seed or 0
    if arguments.neighbors:
        layers = arguments.layers or ["V"]
        path = save_neighbors_of_runs(
            evaluator, arguments.runs, arguments.neighbors, layers=layers, num_test=arguments.num_test, seed=seed
        )
        print(f"figure:  {path}")
    for run in arguments.runs if arguments.heads else []:
        path = save_heads_of_run(
            evaluator,
            run,
            RunFolder(run).figures / "heads.png",
            task=arguments.tasks[0] if arguments.tasks else None,
            num_train=arguments.num_train,
            num_test=arguments.num_test,
            seed=seed,
        )
        print(f"figure:  {path}")


if __name__ == "__main__":
    main()
