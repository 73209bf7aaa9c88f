"""Lengths at which the Fourier transform is fast."""


def fast_length(n: int) -> int:
    """The smallest even number ≥ n whose only prime factors are 2, 3 and 5."""
    from scipy.fft import next_fast_len  # here, since it takes longer than all the views

    return 2 * next_fast_len((n + 1) // 2, real=True)
