"""Rendered clips: solids that move, turn and pass behind something, with the truth known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional

from vision.synthesis.solids.render import Solids, boxes_of, in_front_of, render
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.clip import ArrayClip


@dataclass(frozen=True)
class RenderedClip:
    """A clip and what it shows.

    Args:
        clip: The frames.
        shapes: ``(num_objects,)`` int64, indices of ``SOLIDS``.
        boxes: ``(num_frames, num_objects, 4)`` left, top, right, bottom in pixels, of the whole object, also where it
            is hidden or beyond the frame's edge.
        visible: ``(num_frames, num_objects)`` fraction of the object's pixels that is seen.
    """

    clip: ArrayClip
    shapes: Tensor
    boxes: Tensor
    visible: Tensor


def render_clip(
    num_objects: int = 1,
    num_frames: int = 80,
    size: tuple[int, int] = (120, 320),
    object_size: int = 64,
    fps: float = 25.0,
    turn: float = 90.0,
    occluder: bool = True,
    backgrounds: Tensor | None = None,
    seed: int = 0,
) -> RenderedClip:
    """Renders solids that cross the picture in lanes of their own, turning; a pillar hides each for a while.

    Args:
        num_objects: Number of solids, one in each lane.
        num_frames: Number of frames.
        size: Height and width of the frames in pixels.
        object_size: Side in pixels of the square that an object is rendered in; the object fills most of it.
        fps: Frames per second.
        turn: Degrees that an object turns about its vertical axis during the clip.
        occluder: Whether there is a pillar in the middle.
        backgrounds: ``(num, 3, height, width)`` photographs in [0, 1], of which one is drawn; by default, a smooth
            random texture is made.
        seed: Seed of all random draws.

    Raises:
        ValueError: Objects that don't fit into their lanes, or backgrounds of another size.
    """
    height, width = size
    if num_objects * object_size > height or object_size > width:
        raise ValueError(
            f"{num_objects} objects of {object_size} pixels don't fit into lanes of a {height}×{width} frame"
        )
    if backgrounds is not None and backgrounds.shape[1:] != (3, height, width):
        raise ValueError(f"backgrounds have shape {tuple(backgrounds.shape)}; they must be (num, 3, {height}, {width})")
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.randint(0, len(SOLIDS), (num_objects,), generator=generator)
    corners = _paths(num_objects, num_frames, size, object_size, generator)
    scene = _background(backgrounds, size, generator).expand(num_frames, 3, height, width).clone()
    owner = torch.full((num_frames, height, width), -1)
    boxes, covered = [], []
    for k, (color, coverage) in enumerate(_turning(shapes, num_frames, object_size, turn, generator)):
        boxes.append(boxes_of(coverage) + corners[:, k].repeat(1, 2))
        covered.append((coverage > 0.5).sum(dim=(1, 2, 3)))
        _paste(scene, owner, color, coverage, corners[:, k], k)
    if occluder:
        pillar = _background(None, size, generator).flip(1)
        left, right = round(width * 0.5 - 0.25 * object_size), round(width * 0.5 + 0.25 * object_size)
        scene[..., left:right] = pillar[..., left:right]
        owner[..., left:right] = -1
    seen = torch.stack([(owner == k).sum(dim=(1, 2)) for k in range(num_objects)], dim=1)
    clip = ArrayClip((scene * 255).round().to(torch.uint8), fps, name=f"rendered clip {seed}")
    return RenderedClip(clip, shapes, torch.stack(boxes, 1).float(), seen / torch.stack(covered, 1))


def _paths(num: int, num_frames: int, size: tuple[int, int], side: int, generator: Generator) -> Tensor:
    """Draws upper left corners ``(num_frames, num, 2)``, x and y in whole pixels: across, and gently up and down."""
    height, width = size
    lane = height / num
    time = torch.linspace(0, 1, num_frames)[:, None]
    across = 4 + time * (width - side - 8)
    backward = torch.rand(num, generator=generator) < 0.5
    across = torch.where(backward, width - side - across, across)
    phase = 6.28 * torch.rand(num, generator=generator)
    down = lane * torch.arange(num) + (lane - side) / 2 * (1 + torch.sin(5 * time + phase))
    return torch.stack([across, down], dim=2).round().long()


def _turning(
    shapes: Tensor, num_frames: int, side: int, turn: float, generator: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields each object's frames: colors ``(num_frames, 3, side, side)`` and coverage."""
    solids = Solids.draw(shapes, generator)
    bright = 0.25 + 0.75 * solids.colors  # dark paint on a dark ground would be invisible to anyone
    solids = replace(solids, colors=bright)
    angles = torch.linspace(0, turn, num_frames)
    for k in range(len(shapes)):
        frames = solids[torch.full((num_frames,), k)]
        yield render(replace(frames, azimuth=frames.azimuth + angles), side)


def _paste(scene: Tensor, owner: Tensor, color: Tensor, coverage: Tensor, corners: Tensor, number: int) -> None:
    """Puts an object into every frame of ``scene``, and its number into the pixels of ``owner`` that it covers."""
    side = color.shape[-1]
    for frame, (x, y) in enumerate(corners.tolist()):
        square = (slice(y, y + side), slice(x, x + side))
        scene[frame][:, *square] = in_front_of(scene[frame][:, *square], color[frame], coverage[frame])
        owner[frame][square][coverage[frame, 0] > 0.5] = number


def _background(photographs: Tensor | None, size: tuple[int, int], generator: Generator) -> Tensor:
    if photographs is not None:
        return photographs[torch.randint(0, len(photographs), (1,), generator=generator)]
    texture = torch.zeros(1, 3, *size)
    for cells, weight in ((3, 0.75), (8, 0.2), (20, 0.05)):
        noise = torch.rand(1, 3, cells, 2 * cells, generator=generator)
        texture += weight * functional.interpolate(noise, size, mode="bicubic").clamp(0, 1)
    return 0.7 * texture
