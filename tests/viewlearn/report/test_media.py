import base64
import io
import re
import wave

import numpy as np
import torch
from PIL import Image

from viewlearn.plots.figure import new_figure, tidy
from viewlearn.report.media import image_uri, map_uri, themed_svg, wav_uri


def decoded(uri: str, kind: str) -> io.BytesIO:
    head, _, body = uri.partition(",")
    assert head == f"data:{kind};base64"
    return io.BytesIO(base64.b64decode(body))


def test_images_come_back(generator):
    x = torch.rand(3, 4, 5, generator=generator)
    pixels = np.asarray(Image.open(decoded(image_uri(x), "image/png")))
    np.testing.assert_array_equal(pixels, (x * 255).round().byte().permute(1, 2, 0))
    gray = np.asarray(Image.open(decoded(image_uri(torch.full((1, 2, 2), 1.7)), "image/png")))
    assert gray.shape == (2, 2, 3)
    assert (gray == 255).all()


def test_maps_have_their_first_row_at_the_bottom():
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    pixels = np.asarray(Image.open(decoded(map_uri(x, 0, 1), "image/png"))).astype(int)
    assert pixels[0].sum() > pixels[1].sum()  # magma's high end is bright


def test_sounds_come_back():
    x = torch.linspace(-1.5, 1.5, 100)[None]
    with wave.open(decoded(wav_uri(x, 8000), "audio/wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(file.readframes(100), "<i2")
    np.testing.assert_allclose(samples / 32767, x.clamp(-1, 1)[0], atol=2e-5)


def test_drawings_take_the_pages_colors_and_have_ids_of_their_own():
    def draw(prefix: str) -> str:
        figure = new_figure(3, 2)
        tidy(figure.subplots()).plot([1, 2], [3, 4], gid="run0-a")
        return themed_svg(figure, prefix)

    one, two = draw("one"), draw("two")
    assert "#000000" not in one and "#ffffff" not in one and "var(--grid)" in one
    assert "<metadata>" not in one and one.startswith("<svg viewBox")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert "one-run0-a" in ids[0]
    assert not ids[0] & ids[1]
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', one)
    assert {a or b for a, b in used} <= ids[0]
    assert one == draw("one")
