"""Sounds: waveform views, a log-mel front end and spectrogram views in one chain, then any image encoder.

    python experiments/examples/sound.py

Views of waveforms act before the front end, views of spectrograms behind it; a Compose takes both.
"""

import torch

from audio import FrequencyMask, Gain, LogMel, PolarityInversion, SyntheticVowels, TimeMask, TimeShift, WhiteNoise
from viewlearn.encoders import Backbone, projection_head
from viewlearn.losses import nt_xent
from viewlearn.views import Compose

RATE, STEPS, BATCH = 8000, 20, 32


def main() -> list[float]:
    vowels = SyntheticVowels(num_train=256, num_test=16).split("train")  # any waveforms (batch, 1, time) in [-1, 1]
    sounds = torch.stack([vowels[i][0] for i in range(len(vowels))]).float() / 32768

    views = Compose(
        {
            "gain": Gain(),
            "polarity": PolarityInversion(),
            "shift": TimeShift(),
            "noise": WhiteNoise(snr_db=(5.0, 40.0)),
            "log_mel": LogMel(sample_rate=RATE, n_fft=512, hop_length=128, n_mels=64, mean=-50.0, std=20.0),
            "frequency": FrequencyMask(0.25),
            "time": TimeMask(0.25),
        }
    )
    generator = torch.Generator().manual_seed(0)
    spectrograms = views(sounds[:2], generator)
    encoder = Backbone("resnet10w8", channels=1, size=tuple(spectrograms.shape[-2:]))
    head = projection_head("mlp", encoder.num_features, 128)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.05, momentum=0.9)

    losses: list[float] = []
    for _ in range(STEPS):
        x = sounds[torch.randint(len(sounds), (BATCH,), generator=generator)]
        with torch.no_grad():
            both = torch.cat([views(x, generator), views(x, generator)])
        z1, z2 = head(encoder(both)).chunk(2)
        loss = nt_xent(z1, z2, temperature=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"spectrograms {tuple(spectrograms.shape[1:])}: loss {losses[0]:.2f} → {losses[-1]:.2f}")
    return losses


if __name__ == "__main__":
    main()
