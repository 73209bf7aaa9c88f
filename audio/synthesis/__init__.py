"""Sounds made by formula: vowels of synthetic speakers, and backgrounds. No recordings, and no claim to be any."""

from audio.synthesis.backgrounds import BACKGROUNDS, background
from audio.synthesis.synthetic_vowels import SyntheticVowels
from audio.synthesis.vowels import VOWELS, Speakers, vowels

__all__ = ["BACKGROUNDS", "VOWELS", "Speakers", "SyntheticVowels", "background", "vowels"]
