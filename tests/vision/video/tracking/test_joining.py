"""Joining tracks behind something, on courses whose answer is known."""

import pytest
import torch

pytest.importorskip("cv2")

from vision.video.tracking.association import centers
from vision.video.tracking.joining import chains, course, joints
from vision.video.tracking.tracklets import Tracklet, interpolate, joined

FPS = 25
RIGHT = torch.tensor([100.0, 0.0])  # pixels per second


def path(start: int, stop: int, velocity=RIGHT, at=(20.0, 50.0), side: float = 30.0):
    """Boxes of frames start … stop − 1 of something that is at ``at`` in frame 0, and these frames' times."""
    times = torch.arange(start, stop) / FPS
    middle = torch.tensor(at) + times[:, None] * velocity
    return torch.cat([middle - side / 2, middle + side / 2], dim=1), times.double()


def part(start: int, stop: int, feature=(1.0, 0.0), **where):
    boxes, times = path(start, stop, **where)
    return course(boxes, centers(boxes), times, torch.tensor(feature))


def test_one_thing_that_was_hidden():
    before, after = part(0, 20), part(30, 50)
    assert before.departure.velocity == pytest.approx(RIGHT, rel=1e-4)
    assert before.departure.at(1.0) == pytest.approx(torch.tensor([120.0, 50.0]), rel=1e-4)
    assert pairs_of([before, after]) == [(0, 1)]
    assert pairs_of([after, before]) == [(1, 0)]


def pairs_of(courses, weights=None):
    return joints(courses, torch.ones(len(courses)) if weights is None else torch.tensor(weights), 1.0)


@pytest.mark.parametrize(
    "other",
    [
        part(30, 50, at=(20.0, 90.0)),  # another lane
        part(30, 50, velocity=-RIGHT, at=(265.0, 50.0)),  # the other way; they meet in the middle of the gap
        part(30, 50, velocity=3 * RIGHT, at=(-180.0, 50.0)),  # too fast
        part(30, 50, side=60.0),  # too large
        part(60, 80),  # too late
        part(15, 40),  # at the same time
    ],
)
def test_two_things(other):
    assert pairs_of([part(0, 20), other]) == []


def test_looks_choose_among_things_that_could_be_it():
    first, same, stranger = part(0, 20), part(30, 50, feature=(1.0, 0.1)), part(30, 50, feature=(0.2, 1.0))
    assert pairs_of([first, stranger, same]) == [(0, 2)]
    assert pairs_of([first, stranger]) == [(0, 1)]


def test_the_whole_comes_before_its_parts():
    parts = [part(0, 20), part(0, 20), part(30, 50)]
    assert pairs_of(parts, [1.0, 3.0, 2.0]) == [(1, 2)]
    assert pairs_of(parts, [9.0, 3.0, 2.0]) == [(0, 2)]


def test_what_stands_still_is_not_joined():
    still = torch.tensor([2.0, 0.0])
    assert pairs_of([part(0, 20, velocity=still), part(30, 50, velocity=still)]) == []


def test_each_course_is_joined_once_on_either_side():
    parts = [part(0, 15), part(20, 35), part(20, 35, at=(22.0, 52.0)), part(40, 55)]
    pairs = pairs_of(parts)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs) == 2


def test_chains():
    assert chains(5, [(3, 0), (0, 4)]) == [[1], [2], [3, 0, 4]]


def tracklet(start: int, boxes: torch.Tensor, contrast: float = 1.0) -> Tracklet:
    feature = torch.tensor([1.0, 0.0])
    made = Tracklet.begin(start, boxes[0], feature, False)
    for box in boxes[1:]:
        made.see(box, feature, 1.0, 1 / FPS)
        made.confirm(False)
    made.contrast = contrast
    return made


def still(times: torch.Tensor) -> torch.Tensor:
    """A camera that doesn't move."""
    return torch.eye(3, dtype=torch.float64).expand(len(times), 3, 3)


def test_a_joined_track_runs_straight_through_the_gap():
    """Its boxes are those of the whole object, although it shrank as it was hidden and grew as it came out."""
    truth, times = path(0, 60)
    before, after = truth[:24].clone(), truth[34:].clone()
    edge = float(truth[20, 2])
    before[:, 2].clamp_(max=edge)  # what hides it begins there
    after[:, 0].clamp_(min=float(truth[38, 0]))
    (whole,) = joined([tracklet(0, before, 1.0), tracklet(34, after, 2.0)], times, still(times), 0.2, 1.2)
    track = whole.to_track(times)
    assert (track.start, len(track)) == (0, 60)
    assert not track.seen[24:34].any()
    assert track.boxes == pytest.approx(truth, abs=5)  # at 0.8 of the width, 6 pixels of one edge are missing
    assert torch.equal(track.boxes[:20], truth[:20])
    assert 1 < whole.contrast < 2


def test_a_box_that_slid_onto_what_hides_the_thing_counts_as_not_seen():
    truth, times = path(0, 50)
    before, feature = tracklet(0, truth[:20]), torch.tensor([1.0, 0.0])
    for _ in range(15):
        before.see(truth[19], feature, 0.7, 1 / FPS)
    assert before.last == 34
    (whole,) = joined([before, tracklet(30, truth[30:])], times, still(times), 0.2, 1.2)
    assert whole.to_track(times).boxes == pytest.approx(truth, abs=1e-3)


def test_three_parts_keep_their_boxes():
    """The first is small, and the second shrinks where the third begins: each part is cut by its own size."""
    truth, times = path(0, 90)
    middle = centers(truth)

    def sized(start, stop, side):
        return torch.cat([middle[start:stop] - side / 2, middle[start:stop] + side / 2], dim=1)

    second = torch.cat([sized(40, 58, 30.0), sized(58, 60, 25.5)])
    (whole,) = joined(
        [tracklet(0, sized(0, 30, 24.0)), tracklet(40, second), tracklet(60, sized(60, 90, 30.0))],
        times,
        still(times),
        0.2,
        1.2,
    )
    track = whole.to_track(times)
    assert len(track) == len(track.boxes) == 90
    assert centers(track.boxes) == pytest.approx(middle, abs=1e-3)


def test_a_smaller_part_in_the_middle_is_seen():
    _, times = path(0, 92)
    parts = [(0, 40, 30.0), (50, 62, 23.0), (72, 92, 19.0)]
    made = [tracklet(start, path(start, stop, side=side)[0]) for start, stop, side in parts]
    (whole,) = joined(made, times, still(times), 0.2, 1.2)
    track = whole.to_track(times)
    assert torch.equal(track.seen, torch.tensor([True] * 40 + [False] * 10 + [True] * 12 + [False] * 10 + [True] * 20))
    assert centers(track.boxes) == pytest.approx(centers(path(0, 92)[0]), abs=1e-3)


def test_prominence_is_at_most_double():
    made = tracklet(0, path(0, 20)[0], contrast=2.0)
    for _ in range(30):
        made.confirm(True)
    assert made.prominence == 4


def test_a_panning_camera_moves_nothing():
    """Two patches of the background that pass through the picture aren't one object; what the camera follows is."""
    _, times = path(0, 60)
    speed = -RIGHT  # of the background through the picture
    camera = still(times).clone()
    camera[:, :2, 2] = -(times[:, None] * speed)
    patches = [tracklet(a, path(a, b, velocity=speed, at=(250.0, 50.0))[0]) for a, b in ((0, 24), (34, 60))]
    assert len(joined(patches, times, still(times), 0.2, 1.2)) == 1  # as if they moved
    assert len(joined(patches, times, camera, 0.2, 1.2)) == 2
    followed = [tracklet(a, path(a, b, velocity=0 * RIGHT)[0]) for a, b in ((0, 24), (34, 60))]
    assert len(joined(followed, times, still(times), 0.2, 1.2)) == 2
    assert len(joined(followed, times, camera, 0.2, 1.2)) == 1


def test_tracklets_that_are_not_joined_stay_as_they_are():
    times = torch.arange(60, dtype=torch.float64) / FPS
    parts = [tracklet(0, path(0, 20)[0]), tracklet(0, path(0, 20, at=(20.0, 200.0))[0]), tracklet(5, path(5, 7)[0])]
    kept = joined(parts, times, still(times), 0.2, 1.2)
    assert {id(each) for each in kept} == {id(each) for each in parts}


def test_gaps_are_linear_in_time():
    boxes = torch.tensor([[0.0, 0, 1, 1], [9, 9, 9, 9], [9, 9, 9, 9], [8, 0, 9, 1]])
    seen = torch.tensor([True, False, False, True])
    filled = interpolate(boxes, seen, torch.tensor([0.0, 1, 3, 4], dtype=torch.float64))
    assert filled[:, 0].tolist() == [0, 2, 6, 8]
