"""Asks finished runs questions beyond those that each answers at its end."""

import inspect
import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from viewlearn.data import Data
from viewlearn.evaluation import EvaluationPlan, Results, Row, evaluate
from viewlearn.evaluation.probes import (
    Corruptions,
    Extraction,
    FineTuning,
    LayeredEncoder,
    corrupt,
    described_variance,
    layered,
    limited,
    shared_factor_accuracy,
)
from viewlearn.files import write_text
from viewlearn.methods import LooC
from viewlearn.runs.build import Parts, build, build_data
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.loading import load_run
from viewlearn.runs.names import imported
from viewlearn.runs.parser import Parser, make_parser
from viewlearn.runs.provenance import provenance
from viewlearn.runs.questions import EVERY_LAYER, TRAINED_FACTORS, Questions, own_entries, parse_factor
from viewlearn.runs.signatures import classes_in, signature_of
from viewlearn.training.hardware import choose_precision, make_accelerator, place
from viewlearn.views import View


class Evaluator:
    """Asks runs questions, from their folders alone; data and corrupted images are made once for all runs.

    Args:
        device: Device to compute on: ``auto``, ``cpu``, ``cuda``, ….
        trust: Whether runs may name classes of any package, see ``load_run``.
    """

    def __init__(self, device: str = "auto", trust: bool = False):
        self.trust = trust
        self.parser = make_parser()
        self.accelerator = make_accelerator(device, "fp32")
        self.device = self.accelerator.device
        self._data: dict[str, Data] = {}
        self._limited: dict[tuple[object, ...], Data] = {}
        self._corrupted: dict[tuple[object, ...], Corruptions] = {}
        self._runs: dict[Path, tuple[Namespace, Parts]] = {}

    def ask(self, path: Path | str, questions: Questions) -> Results:
        """Returns a run's answers; their ``info`` holds the questions, too.

        Raises:
            ValueError: No finished run, data that the encoder can't read, or a question that can't be answered.
        """
        config, parts = self.load(path)
        data = self._data_of(path, config, parts, questions)
        encoder = layered(parts.method)
        layers = encoder.comparisons if list(questions.layers) == [EVERY_LAYER] else list(questions.layers) or None
        precision = choose_precision(questions.precision, self.device)
        views = parts.method.views
        plan = EvaluationPlan(
            tasks=questions.tasks,
            probes=questions.probes,
            l2=questions.l2,
            factors={name: parse_factor(text, views, data.spec) for name, text in questions.factors.items()},
            shots=questions.shots,
            episodes=questions.episodes,
            label_fractions=questions.label_fractions,
            fine_tuning=FineTuning() if questions.fine_tune else None,
            corruptions=self._corruptions(data, questions),
            num_corrupted=questions.num_corrupted,
            seed=questions.seed,
        )
        extraction = Extraction(layers, device=self.device, mixed_precision=precision)
        random_encoder = self._initial(config, parts) if questions.random_encoder else None
        results = evaluate(encoder, data, plan, extraction, random_encoder=random_encoder)
        rows = [*results.rows, *self._shared(encoder, parts, data, questions)]
        about = {**provenance(self.accelerator), "precision": precision, "run": str(path)}
        about |= RunFolder(path).load_compute()
        about |= self._described(encoder, parts, data, questions, layers)
        return Results(tuple(rows), {**results.info, **about, "questions": questions.to_dict()})

    def load(self, path: Path | str) -> tuple[Namespace, Parts]:
        """Returns a run's configuration and parts; those of the last run that was asked for are kept."""
        path = Path(path)
        if path not in self._runs:
            config, parts = load_run(self.parser, RunFolder(path), self.build_data, self.trust)
            place(parts.method.eval(), self.device, config.memory_format)
            self._runs = {path: (config, parts)}
        return self._runs[path]

    def build_data(self, parser: Parser, config: Namespace) -> Data:
        """Builds the data of a configuration; runs that have the same share one object."""
        key = str(config.data)
        if key not in self._data:
            self._data[key] = build_data(parser, config)
        return self._data[key]

    def _data_of(self, path: Path | str, config: Namespace, parts: Parts, questions: Questions) -> Data:
        data = parts.data
        if questions.data:
            for flag in questions.data:
                if flag.split(".")[0] != "data":
                    raise ValueError(f"{flag!r} can't be changed by an evaluation, only data and data.…")
            flags = [token for flag, value in questions.data.items() for token in (f"--{flag}", str(value))]
            changed = self.parser.parse(flags, over=config)
            data = self.build_data(self.parser, changed)
            if data.spec.shape[0] != parts.data.spec.shape[0]:
                raise ValueError(
                    f"the encoder of {path} reads {parts.data.spec.shape[0]} channels; "
                    f"samples of these data have shape {data.spec.shape}"
                )
        limits = (questions.num_train, questions.num_test, questions.seed)
        key = (id(data), *limits)
        if key not in self._limited:
            self._limited[key] = limited(data, *limits)
        return self._limited[key]

    def _corruptions(self, data: Data, questions: Questions) -> Corruptions:
        if questions.corruptions is None:
            return {}
        key = (id(data), questions.corruptions, questions.num_corrupted, questions.seed)
        if key not in self._corrupted:
            views = _make_corruptions(questions.corruptions)
            stored = data.split("test")[0][0].dtype
            made = corrupt(data, views, questions.num_corrupted, questions.seed) if stored == torch.uint8 else views
            self._corrupted[key] = made
        return self._corrupted[key]

    def _initial(self, config: Namespace, parts: Parts) -> LayeredEncoder:
        """The run's weights before training."""
        with torch.random.fork_rng():
            method = build(self.parser, config, parts.data).method
        return layered(method).to(self.device)

    def _shared(self, encoder: LayeredEncoder, parts: Parts, data: Data, questions: Questions) -> list[Row]:
        if questions.shared is None:
            return []
        factors, method = list(questions.shared), parts.method
        if factors == [TRAINED_FACTORS]:
            if not isinstance(method, LooC):
                raise ValueError(
                    f"{type(method).__name__} was trained without factors: name those to ask for; there are: "
                    + ", ".join(own_entries(method.views))
                )
            factors = method.draws.names
        accuracy = shared_factor_accuracy(
            encoder, method.views, data.split("test"), factors, device=self.device, seed=questions.seed
        )
        return [Row(factor, "shared", score, None, 0.5, 0.5, layer) for (layer, factor), score in accuracy.items()]

    def _described(
        self, encoder: LayeredEncoder, parts: Parts, data: Data, questions: Questions, layers: list[str] | None
    ) -> dict[str, Any]:
        """R² of the views' descriptors by layer and factor, as plain values."""
        if questions.described is None:
            return {}
        explained = described_variance(
            encoder,
            parts.method.views,
            data.split("train"),
            data.split("test"),
            list(questions.described) or None,
            input_shape=data.spec.shape,
            num_samples=data.spec.num_samples,
            layers=layers or ["V"],
            device=self.device,
            seed=questions.seed,
        )
        return {"described": {f"{layer}/{factor}": each.plain() for (layer, factor), each in explained.items()}}


def _make_corruptions(path: str) -> Mapping[str, Sequence[View]]:
    """Calls a function that makes corruptions, if that is what it says it does."""
    try:
        function = imported(path)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"there are no corruptions {path!r}: {error}") from error
    if not inspect.isfunction(function) or not any(
        issubclass(each, View) for each in classes_in(signature_of(function).return_annotation)
    ):
        raise ValueError(
            f"corruptions {path!r} aren't called; allowed is a function annotated to return views by name, "
            "such as dict[str, list[View]]"
        )
    return function()


def answer(evaluator: Evaluator, run: Path | str, questions: Questions, path: Path) -> Results:
    """Asks a run, and writes the answers to a JSON file, which ``Results.load`` reads.

    Raises:
        ValueError: As ``Evaluator.ask`` does.
    """
    results = evaluator.ask(run, questions)
    write_text(path, json.dumps(results.to_dict(), indent=1))
    return results


def place_of(questions: Questions, folder: Path) -> Path:
    """Returns where a run's answers to these questions go: the file that has them, or the first name that is free.

    The names are ``evaluation.json``, ``evaluation-2.json``, …, so that no question's answers take another's place.
    """
    names = ("evaluation.json" if number == 1 else f"evaluation-{number}.json" for number in count(1))
    paths = (folder / name for name in names)
    return next(path for path in paths if not path.exists() or saved_answers(questions, path) is not None)


def saved_answers(questions: Questions, path: Path) -> Results | None:
    """Returns the answers to these very questions that a file holds; None if it holds none or others, or is damaged."""
    try:
        results = Results.load(path)
    except (OSError, ValueError, KeyError, TypeError):  # missing, or not whole: the questions can be asked again
        return None
    stored = results.info.get("questions")
    if not isinstance(stored, dict):
        return None
    # Questions that there weren't yet when the file was written were answered as by default: not at all.
    asked = json.loads(json.dumps([Questions().to_dict() | stored, questions.to_dict()]))
    return results if asked[0] == asked[1] else None
