"""Lengths of Fourier transforms."""

from audio.views.waveform.fourier import fast_length


def test_fast_lengths_are_5_smooth_even_and_minimal():
    def smooth(n):
        for p in (2, 3, 5):
            while n % p == 0:
                n //= p
        return n == 1

    for n in (1, 2, 7, 97, 1000, 16001, 160300):
        assert fast_length(n) == next(m for m in range(max(n, 2), 3 * n + 3) if m % 2 == 0 and smooth(m))
