"""Clips in video files, decoded with PyAV (the extra ``video``)."""

from pathlib import Path

import torch
from torch import Tensor

SEEK_BEYOND = 24
"""Frames: a jump ahead of more than this seeks to a key frame; a shorter one decodes what lies between."""


class FileClip:
    """The first video stream of a file, by random access.

    The frames' times come from the container's time stamps, so a variable frame rate is no different from a fixed
    one. Opening reads the packets' headers only. The decoder is opened by the process that reads frames (so the clip
    can be handed to workers), and goes on from where it is when frames are read in order.

    Args:
        path: of the file.

    Raises:
        ValueError: a file that isn't there, that can't be read, that has no video, or (when read) whose frames are
            damaged; the message names it.
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
                seconds_per_tick = float(stream.time_base)
        except av.FFmpegError as error:
            raise ValueError(f"can't read the video {self.path}: {error}") from error
        self.stamps = torch.tensor(sorted(set(stamps)), dtype=torch.int64)
        if len(self.stamps) == 0:
            raise ValueError(f"the video {self.path} has no frames")
        self.times = (self.stamps - self.stamps[0]).double() * seconds_per_tick
        self._decoder = None
        self._next = 0

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
            self._decoder[0].close()
        self._decoder = None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_decoder": None, "_next": 0}

    def _read(self, index: int) -> Tensor:
        stamp = int(self.stamps[index])
        if self._decoder is None or not self._next <= index <= self._next + SEEK_BEYOND:
            self._seek(stamp)
        for frame in self._decoder[1]:
            if frame.pts is None or frame.pts < stamp:
                continue
            if frame.pts > stamp:
                self.close()
                raise ValueError(f"frame {index} of the video {self.path}, at {self.times[index]:.3f} s, is missing")
            self._next = index + 1
            return torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).contiguous()
        raise EOFError("the file ends before it")

    def _seek(self, stamp: int) -> None:
        container = _av().open(self.name) if self._decoder is None else self._decoder[0]
        stream = self._stream(container)
        container.seek(stamp, stream=stream, backward=True)
        self._decoder = (container, container.decode(stream))

    def _stream(self, container):
        if not container.streams.video:
            raise ValueError(f"{self.path} has no video stream")
        return container.streams.video[0]


def _av():
    try:
        import av
    except ImportError as error:
        raise ValueError("video files need PyAV: pip install 'viewlearn[video]'; folders of frames don't") from error
    return av
