"""Pictures, drawings and sounds as text that stands in the page itself."""

import base64
import io
import re
import wave

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor


def themed_svg(figure: Figure, prefix: str) -> str:
    """Writes a figure as SVG that takes its colors of text, axes and grid from the page, be that light or dark.

    Args:
        figure: Figure drawn in black on white, as by ``viewlearn.plots``.
        prefix: Prefix of all ids in the drawing, which must be unique in a page.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "viewlearn"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'^<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg)
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "none").replace("#e4e4e4", "var(--grid)")
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-").replace('href="#', f'href="#{prefix}-')
    return re.sub(r">\s+<", "><", svg)


def figure_uri(figure: Figure, dpi: int = 110) -> str:
    """Encodes a figure as a PNG, as it is."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def image_uri(x: Tensor) -> str:
    """Encodes an image ``(1 or 3, height, width)`` in [0, 1] as a PNG; values outside are clamped.

    Of further channels, as of a code behind the colors, nothing is shown.
    """
    x = x[:3].detach().float().cpu().clamp(0, 1).mul(255).round().byte()
    return _png(x.expand(3, -1, -1).permute(1, 2, 0).numpy())


def map_uri(x: Tensor, low: float, high: float, colors: str = "magma") -> str:
    """Encodes a spectrogram or map ``(height, width)`` as a PNG in false colors, its first row at the bottom."""
    x = ((x.detach().float().cpu() - low) / max(high - low, 1e-12)).clamp(0, 1).flip(0)
    return _png((matplotlib.colormaps[colors](x.numpy())[..., :3] * 255).round().astype(np.uint8))


def _png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def wav_uri(x: Tensor, sample_rate: int) -> str:
    """Encodes a waveform ``(1, time)`` in [-1, 1] as a 16-bit WAV file; what is louder is clipped."""
    samples = x.detach().float().cpu().clamp(-1, 1).mul(32767).round().short().flatten().numpy()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode()
