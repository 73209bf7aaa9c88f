"""Clips in video files, decoded with PyAV (the extra ``video``)."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

SEEK_BEYOND = 24
"""Frames that a jump ahead decodes at most; a longer jump seeks a key frame."""


class FileClip:
    """The first video stream of a file, with random access.

    The frames' times come from the container's time stamps, so that the frame rate may vary. Opening reads the
    packets' headers only. The process that reads frames opens the decoder (so that the clip can be handed to workers),
    which goes on from where it is when frames are read in order.

    Args:
        path: The file.

    Raises:
        ValueError: No such file, one that can't be read or has no video; (when read) damaged frames. The message has
            the path.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.name = str(self.path)
        if not self.path.is_file():
            raise ValueError(f"there is no video {self.path}")
        av = _av()
        try:
            with av.open(self.name) as container:
                stream = self._stream(container)
                stamps = [packet.pts for packet in container.demux(stream) if packet.pts is not None and packet.size]
                if stream.time_base is None:
                    raise ValueError(f"the video {self.path} has no time base")
                seconds_per_tick = float(stream.time_base)
        except av.FFmpegError as error:
            raise ValueError(f"can't read the video {self.path}: {error}") from error
        self.stamps = torch.tensor(sorted(set(stamps)), dtype=torch.int64)
        if len(self.stamps) == 0:
            raise ValueError(f"the video {self.path} has no frames")
        self.times = (self.stamps - self.stamps[0]).double() * seconds_per_tick
        self._decoder: _Decoder | None = None
        self._next = 0  # index of the frame that the decoder gives next

    def __len__(self) -> int:
        return len(self.stamps)

    def __getitem__(self, index: int) -> Tensor:
        index = range(len(self))[index]
        av = _av()
        try:
            return self._read(index)
        except (av.FFmpegError, EOFError) as error:
            self.close()
            raise ValueError(f"can't read frame {index} of the video {self.path}: {error}") from error

    def close(self) -> None:
        """Closes the decoder; reading a frame opens it again."""
        if self._decoder is not None:
            self._decoder.container.close()
        self._decoder = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_decoder": None, "_next": 0}

    def _read(self, index: int) -> Tensor:
        stamp = int(self.stamps[index])
        if self._decoder is None or not self._next <= index <= self._next + SEEK_BEYOND:
            self._decoder = self._decoder_at(stamp)
        for frame in self._decoder.frames:
            if frame.pts is None or frame.pts < stamp:
                continue
            if frame.pts > stamp:
                self.close()
                raise ValueError(f"frame {index} of the video {self.path}, at {self.times[index]:.3f} s, is missing")
            self._next = index + 1
            return torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).contiguous()
        raise EOFError("the file ends before it")

    def _decoder_at(self, stamp: int) -> "_Decoder":
        """A decoder that starts at the last key frame before a time stamp."""
        container = _av().open(self.name) if self._decoder is None else self._decoder.container
        stream = self._stream(container)
        container.seek(stamp, stream=stream, backward=True)
        return _Decoder(container, container.decode(stream))

    def _stream(self, container: "InputContainer") -> "VideoStream":
        if not container.streams.video:
            raise ValueError(f"{self.path} has no video stream")
        return container.streams.video[0]


class _Decoder(NamedTuple):
    """An open file, and its frames from some place on."""

    container: "InputContainer"
    frames: "Iterator[VideoFrame]"


def _av() -> ModuleType:
    """PyAV, which is an extra."""
    try:
        import av
    except ImportError as error:
        raise ValueError("video files need PyAV: pip install 'viewlearn[video]'; folders of frames don't") from error
    return av
