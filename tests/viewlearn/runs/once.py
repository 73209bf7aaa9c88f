"""Runs that are taken up again many times, whose settings are parsed once."""

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import Namespace

from viewlearn.runs.parser import Parser


def parsing_once(parser: Parser) -> Parser:
    """Has a parser parse the same settings only once: of a tiny run that goes on, this takes most of the time.

    What it refuses, it refuses every time.
    """
    parse, read = parser.parse, parser.read
    parsed: dict[object, Namespace] = {}

    def parse_once(argv: Sequence[str], over: Namespace | None = None) -> Namespace:
        key = (*argv, repr(over))
        if key not in parsed:
            parsed[key] = parse(argv, over)
        return parsed[key].clone()

    def read_once(path: Path, trust: bool = False) -> Namespace:
        key = (path.read_bytes(), trust)
        if key not in parsed:
            parsed[key] = read(path, trust)
        return parsed[key].clone()

    vars(parser).update(parse=parse_once, read=read_once)
    return parser
