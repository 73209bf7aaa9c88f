"""Sounds made by formula, without recordings: vowels of synthetic speakers, and backgrounds."""

from audio.synthesis.backgrounds import BACKGROUNDS, background
from audio.synthesis.random_tones import RandTone
from audio.synthesis.synthetic_vowels import SyntheticVowels
from audio.synthesis.vowels import VOWELS, Speakers, vowels

__all__ = ["BACKGROUNDS", "VOWELS", "RandTone", "Speakers", "SyntheticVowels", "background", "vowels"]
