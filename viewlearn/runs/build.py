"""From a configuration to objects: data first, since everything else is bound to what they are."""

from dataclasses import dataclass, fields

import torch
from jsonargparse import Namespace

from viewlearn.data import Data, DataSpec, check_data, take
from viewlearn.encoders import Encoder
from viewlearn.methods import Method
from viewlearn.runs.binding import bind
from viewlearn.runs.flags import naming_flags
from viewlearn.runs.parser import Parser
from viewlearn.sampling import subset
from viewlearn.training.players import MakeOptimizer
from viewlearn.training.seeds import seed_for
from viewlearn.training.settings import TrainingSettings
from viewlearn.views import View, pipeline


@dataclass
class Parts:
    """What a run is made of."""

    data: Data
    views: View
    encoder: Encoder
    method: Method
    optimizer: MakeOptimizer
    views_optimizer: MakeOptimizer


def build(parser: Parser, config: Namespace, data: Data | None = None) -> Parts:
    """Builds all parts, with weights that depend on the seed alone and are the same in every process.

    Args:
        parser: Parser of runs.
        config: Configuration of the run.
        data: Its data, where they are at hand.

    Raises:
        ValueError: A part refuses its arguments, or the data.
    """
    data = data or build_data(parser, config)
    torch.manual_seed(seed_for(config.seed, 0, "weights"))
    encoder = build_encoder(parser, config, data.spec)
    show_data(encoder, data, config.seed)
    bound = Namespace(views=bind(config.views, data.spec), method=bind(config.method, data.spec))
    optimizers = Namespace(optimizer=config.optimizer, views_optimizer=config.views_optimizer)
    made = parser.make(Namespace(**vars(bound), **vars(optimizers)))
    method = made.method(encoder, pipeline(data.decode, data.front_end, made.views))
    return Parts(data, made.views, encoder, method, made.optimizer, made.views_optimizer)


def build_data(parser: Parser, config: Namespace) -> Data:
    """Builds and checks the data alone.

    Raises:
        ValueError: Data that aren't there, labels out of range, samples of the wrong shape, an empty split.
    """
    data = parser.make(Namespace(data=config.data)).data
    with naming_flags("data", config.data):
        check_data(data)
    return data


def build_encoder(parser: Parser, config: Namespace, spec: DataSpec) -> Encoder:
    """Builds the encoder alone, without the data.

    Raises:
        ValueError: The encoder doesn't say how many features it has.
    """
    encoder = parser.make(Namespace(encoder=bind(config.encoder, spec))).encoder
    if not isinstance(getattr(encoder, "num_features", None), int):
        raise ValueError(f"--encoder {type(encoder).__name__} must set self.num_features, the length of its features")
    return encoder


def show_data(encoder: Encoder, data: Data, seed: int) -> None:
    """Shows an encoder the clean training inputs that it asks for, the same ones whenever a run is built."""
    if encoder.num_inputs_to_see:
        dataset = data.pretraining()
        samples = take(dataset, subset(len(dataset), encoder.num_inputs_to_see, seed))
        encoder.see(pipeline(data.decode, data.front_end)(samples.x))


def build_settings(parser: Parser, config: Namespace) -> TrainingSettings:
    """Builds and checks the settings of training.

    Raises:
        ValueError: A setting is out of range.
    """
    own = Namespace(**{field.name: config[field.name] for field in fields(TrainingSettings)})
    return TrainingSettings(**vars(parser.make(own)))
