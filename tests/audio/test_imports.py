"""Runs on images name audio's classes too, and don't wait for torchaudio, nor need a torch that it accepts."""

import subprocess
import sys


def test_torchaudio_is_loaded_where_it_is_used():
    code = "import audio, vision, viewlearn, sys; assert 'torchaudio' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
