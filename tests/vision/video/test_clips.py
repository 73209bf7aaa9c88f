"""Clips from files, folders and memory: the right frame at the right second, whatever the frame rate."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from vision.video.cache import FrameCache
from vision.video.clip import ArrayClip, FolderClip
from vision.video.collection import find_clips
from vision.video.file import FileClip
from vision.video.times import frame_at, window_frames, window_starts

av = pytest.importorskip("av")

REGULAR = [40 * k for k in range(60)]  # milliseconds: 25 frames per second
IRREGULAR = [0, 40, 80, 200, 210, 250, 400, 1000, 1033, 1067, 1100, 2000]


def write_video(path, stamps: list[int], codec: str = "mpeg4", gop: int = 10) -> None:
    """Frame k, shown at ``stamps[k]`` milliseconds, has a white bar for every bit of k: lossy codecs keep that."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 96, 16, "yuv420p", gop
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.time_base = Fraction(1, 1000)
        for k, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(bars(k), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def bars(k: int) -> np.ndarray:
    bits = np.array([255 * (k >> bit & 1) for bit in range(6)], np.uint8)
    return np.broadcast_to(bits.repeat(16)[None, :, None], (16, 96, 3)).copy()


def number(frame: torch.Tensor) -> int:
    means = frame.float().view(3, 16, 6, 16).mean(dim=(0, 1, 3))
    return sum(1 << bit for bit in range(6) if means[bit] > 128)


@pytest.mark.parametrize("stamps", [REGULAR, IRREGULAR], ids=["regular", "irregular"])
@pytest.mark.parametrize("order", ["forward", "backward", "random", "skipping"])
def test_every_frame_is_found_in_any_order(stamps, order, tmp_path):
    write_video(tmp_path / "a.mkv", stamps)
    clip = FileClip(tmp_path / "a.mkv")
    assert clip.times.tolist() == pytest.approx([stamp / 1000 for stamp in stamps])
    indices = {
        "forward": list(range(len(stamps))),
        "backward": list(range(len(stamps)))[::-1],
        "random": torch.randperm(len(stamps), generator=torch.Generator().manual_seed(0)).tolist(),
        "skipping": list(range(0, len(stamps), 7)) * 2,
    }[order]
    for index in indices:
        frame = clip[index]
        assert frame.shape == (3, 16, 96)
        assert frame.dtype == torch.uint8
        assert number(frame) == index
    assert number(clip[-1]) == len(stamps) - 1
    with pytest.raises(IndexError):
        clip[len(stamps)]


def test_clips_go_to_workers_while_open(tmp_path):
    write_video(tmp_path / "a.mkv", REGULAR)
    clip = FileClip(tmp_path / "a.mkv")
    assert number(clip[30]) == 30
    copy = pickle.loads(pickle.dumps(clip))
    assert number(copy[31]) == number(clip[31]) == 31


def test_corrupt_files_are_named_and_skipped_only_if_allowed(tmp_path):
    write_video(tmp_path / "good.mkv", REGULAR)
    (tmp_path / "bad.mp4").write_bytes(b"this is no video" * 100)
    (tmp_path / "frames").mkdir()
    for k in range(3):
        Image.fromarray(bars(k)).save(tmp_path / "frames" / f"{k}.png")
    (tmp_path / "frames" / "2.png").write_bytes(b"no image")  # found by reading every frame, which skipping does
    with pytest.raises(ValueError, match=r"1 of 3 clips can't be read; .*bad\.mp4"):
        find_clips(tmp_path, fps=5)
    with pytest.warns(UserWarning, match="2 of 3 clips can't be read") as said:
        clips, skipped = find_clips(tmp_path, fps=5, unreadable="skip")
    assert len(said) == 1  # not one for each
    assert [clip.name for clip in clips] == [str(tmp_path / "good.mkv")]
    assert list(skipped) == [str(tmp_path / "bad.mp4"), str(tmp_path / "frames")]
    assert "2.png" in skipped[str(tmp_path / "frames")]
    (tmp_path / "good.mkv").unlink()
    with pytest.raises(ValueError, match="2 of 2 clips can't be read"):
        find_clips(tmp_path, fps=5, unreadable="skip")


def test_a_file_that_breaks_off_is_named(tmp_path):
    write_video(tmp_path / "a.mkv", REGULAR)
    clip = FileClip(tmp_path / "a.mkv")
    whole = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(whole[: len(whole) // 2])
    assert number(clip[0]) == 0
    with pytest.raises(ValueError, match=r"frame 59 of the video .*a\.mkv"):
        clip[59]
    assert number(clip[1]) == 1


def test_folders_of_frames(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for k in (0, 1, 2, 10):
        Image.fromarray(bars(k)).save(folder / f"frame{k}.png")
    clip = FolderClip(folder, fps=10)
    assert [number(clip[k]) for k in range(4)] == [0, 1, 2, 10]
    assert clip.times.tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="give the fps"):
        FolderClip(folder)
    for wrong in ("soon", "3.0\n3.5\nnan\n9", "3.0\n3.5\n4.5\ninf"):
        (folder / "times.txt").write_text(wrong)
        with pytest.raises(ValueError, match=r"clip.* time"):
            FolderClip(folder)
    (folder / "times.txt").write_text("3.0\n3.5\n4.5\n9\n")
    assert FolderClip(folder).times.tolist() == [0, 0.5, 1.5, 6]
    (folder / "frame1.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"frame1\.png"):
        clip[1]
    assert [found.name for found in find_clips(tmp_path).clips] == [str(folder)]


@pytest.mark.parametrize("fps", [10.0, 25.0, 30000 / 1001, 60.0])
def test_windows_are_in_seconds_whatever_the_frame_rate(fps):
    times = torch.arange(int(4 * fps) + 2, dtype=torch.float64) / fps
    frames = window_frames(times, start=1.0, duration=2.0, num_frames=5)
    assert times[frames].tolist() == pytest.approx([1, 1.5, 2, 2.5, 3], abs=0.501 / fps)
    assert len(window_starts(times, duration=2.0, stride=0.5)) == 5


def test_windows_of_irregular_times():
    times = torch.tensor(IRREGULAR, dtype=torch.float64) / 1000
    assert frame_at(times, 0.204) == 3
    assert frame_at(times, 0.7) == 6
    assert frame_at(times, 99) == 11
    assert frame_at(times, -1) == 0
    assert window_frames(times, 0.0, 1.0, 2) == [0, 7]
    assert window_starts(times, 3.0, 0.5) == []


def test_cache_keeps_the_latest_frames_within_its_budget():
    class Counting(ArrayClip):
        reads = 0

        def __getitem__(self, index):
            Counting.reads += 1
            return super().__getitem__(index)

    frames = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 3, 4, 4)
    cache = FrameCache([Counting(frames, 25.0)], max_bytes=2 * 48)
    for index in (0, 1, 0, 1, 2, 1, 0):
        assert (cache.frame(0, index) == index).all()
    assert Counting.reads == 4
    assert cache.num_bytes <= 96
    assert pickle.loads(pickle.dumps(FrameCache([ArrayClip(frames, 25.0)]))).num_bytes == 0


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match="must be uint8"):
        ArrayClip(torch.zeros(2, 3, 4, 4), 25.0)
    with pytest.raises(ValueError, match="increasing"):
        ArrayClip(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), [1.0, 1.0])
    with pytest.raises(ValueError, match="must be positive"):
        ArrayClip(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), 0.0)
    with pytest.raises(ValueError, match="found no video"):
        find_clips(tmp_path)
    with pytest.raises(ValueError, match="no video"):
        FileClip(tmp_path / "none.mp4")
