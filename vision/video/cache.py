"""Decoded frames of many clips, kept within a budget of memory."""

from collections import OrderedDict
from typing import Any

from torch import Tensor

from vision.video.clip import Clip


class FrameCache:
    """Reads frames of clips, and keeps the most recently used ones decoded.

    A copy that is handed to a worker starts empty.

    Args:
        clips: The clips; ``frame`` addresses them by position.
        max_bytes: Bytes of decoded frames to keep; 0 keeps none.
    """

    def __init__(self, clips: list[Clip], max_bytes: int = 512 * 2**20):
        self.clips = clips
        self.max_bytes = max_bytes
        self._frames: OrderedDict[tuple[int, int], Tensor] = OrderedDict()
        self.num_bytes = 0

    def frame(self, clip: int, index: int) -> Tensor:
        """Frame ``index`` of a clip, uint8 ``(3, height, width)``; not to be written to."""
        key = (clip, index)
        if key in self._frames:
            self._frames.move_to_end(key)
            return self._frames[key]
        frame = self.clips[clip][index]
        self._frames[key] = frame
        self.num_bytes += frame.numel()
        while self.num_bytes > self.max_bytes:
            _, oldest = self._frames.popitem(last=False)
            self.num_bytes -= oldest.numel()
        return frame

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frames": OrderedDict(), "num_bytes": 0}
