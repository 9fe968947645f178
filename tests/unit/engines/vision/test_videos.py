"""Videos: their frames, their shots, and things that move through them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from clary.engines.refusals import Refused
from clary.engines.vision.contract import Box
from clary.engines.vision.shots import bar_stretches, black_stretches, shots, traits
from clary.engines.vision.tracking import Tracker
from clary.engines.vision.videos import Frame, Video

RATE = 10


def film(path: Path, colours: list[tuple[tuple[int, int, int], int]]) -> Path:
    """A video of plain stretches: colours, and how many frames each lasts."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (160, 96))
    assert writer.isOpened()
    dice = np.random.default_rng(0)
    for colour, count in colours:
        for _ in range(count):
            frame = np.full((96, 160, 3), colour[::-1], np.uint8)
            if any(colour):
                frame = cv2.add(frame, dice.integers(0, 6, frame.shape).astype(np.uint8))
            writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    path = tmp_path_factory.mktemp("videos") / "film.mp4"
    return Video(film(path, [((200, 30, 30), 20), ((0, 0, 0), 10), ((30, 60, 200), 15)]))


def test_metadata_is_told_without_reading_all_frames(video: Video) -> None:
    assert video.metadata == {
        "codec": "mpeg4",
        "container": "QuickTime / MOV",
        "duration_milliseconds": 4500,
        "frame_rate": 10.0,
        "frame_width": 160,
        "frame_height": 96,
        "colour_range": "limited",
    }


def test_frames_come_as_often_as_asked_for(video: Video) -> None:
    assert len(list(video.frames())) == 45
    twice = list(video.frames(per_second=2))
    assert [frame.milliseconds for frame in twice] == list(range(0, 4500, 500))
    assert [frame.number for frame in twice] == list(range(0, 45, 5))
    assert [frame.milliseconds for frame in video.frames(per_second=2, after=3000)] == [3500, 4000]
    red, green, blue = twice[0].rgb.reshape(-1, 3).mean(axis=0)
    assert red > 150 > 100 > max(green, blue)
    assert twice[0].picture().size == {"width": 160, "height": 96, "orientation": 1}


def test_frames_that_are_decoded_ahead_are_the_same(video: Video) -> None:
    ahead = list(video.frames_ahead(per_second=2, after=1000))
    plain = list(video.frames(per_second=2, after=1000))
    assert [frame.number for frame in ahead] == [frame.number for frame in plain] != []
    assert all(np.array_equal(one.rgb, other.rgb) for one, other in zip(ahead, plain, strict=True))
    assert next(video.frames_ahead()).number == 0


def test_shots_begin_where_the_picture_changes_at_once(video: Video) -> None:
    measured = list(traits(video.frames(), black_level=0.2))
    found = shots(measured, video.frame_rate)
    assert [(shot["start_frame"], shot["end_frame"]) for shot in found] == [(0, 19), (20, 29), (30, 44)]
    assert [shot["index"] for shot in found] == [0, 1, 2]
    assert (found[1]["start_milliseconds"], found[1]["end_milliseconds"]) == (2000, 3000)
    assert all(0.5 <= shot["confidence"] <= 1.0 for shot in found)
    (black,) = black_stretches(measured, video.frame_rate, least_share=0.99)
    assert (black["kind"], black["start_frame"], black["end_frame"]) == ("black-frames", 20, 29)
    assert shots([], 10.0) == []


BARS = np.array(
    [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191), (0, 0, 0)],
    np.uint8,
)


def bars(count: int, order: list[int] | None = None) -> np.ndarray:
    """A frame of so many colour bars, SMPTE's black and white patches below the seven."""
    colours = BARS[order or list(range(count))]
    frame = np.repeat(np.repeat(colours[None], 96, axis=0), 160 // count + 1, axis=1)[:, :160].copy()
    if count == len(BARS) - 1:
        frame[70:, ::40] = 255
    return frame


def frames(*shown: np.ndarray) -> list[Frame]:
    return [Frame(number, 100 * number, one) for number, one in enumerate(shown)]


@pytest.mark.parametrize("count", [7, 8])
def test_colour_bars_are_a_cue_of_their_own(count: int) -> None:
    plain = np.full((96, 160, 3), 191, np.uint8)
    shuffled = bars(count, [*range(1, count), 0])
    dice = np.random.default_rng(0)
    noisy = np.clip(bars(count).astype(int) + dice.integers(-6, 7, (96, 160, 3)), 0, 255).astype(np.uint8)
    measured = list(traits(frames(plain, bars(count), noisy, shuffled, plain * 0), 0.2))
    assert [frame.bars for frame in measured] == [False, True, True, False, False]
    (found,) = bar_stretches(measured, RATE)
    assert (found["kind"], found["start_frame"], found["end_frame"]) == ("colour-bars", 1, 2)
    assert found["end_milliseconds"] == 300


def test_a_slow_change_is_no_cut(tmp_path: Path) -> None:
    fade = [((200 - 4 * step, 30 + 3 * step, 30), 1) for step in range(40)]
    measured = list(traits(Video(film(tmp_path / "fade.mp4", fade)).frames(), 0.2))
    assert len(shots(measured, RATE)) == 1


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x18ftypmp42" + b"\0" * 400, b"not a video at all" * 50])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        Video(path)
    assert refused.value.reason == "invalid-video"


def test_a_video_that_is_cut_short_is_refused_or_gives_the_frames_it_holds(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi", [((200, 30, 30), 40)])
    content = path.read_bytes()
    for share in (0.9, 0.6, 0.3, 0.01):
        path.write_bytes(content[: int(len(content) * share)])
        try:
            assert len(list(Video(path).frames())) <= 40
        except Refused as refused:
            assert refused.reason == "invalid-video"


def box(left: float, top: float, side: float = 0.2) -> Box:
    return Box(left=left, top=top, width=side, height=side)


def test_things_keep_their_index_while_they_move() -> None:
    tracker = Tracker()
    seen = [
        tracker.follow(250 * step, [box(0.05 + 0.08 * step, 0.1), box(0.75 - 0.08 * step, 0.5)]) for step in range(8)
    ]
    assert seen == [[0, 1]] * 8


def test_a_thing_that_is_out_of_sight_for_long_is_another() -> None:
    tracker = Tracker(patience_milliseconds=1000)
    assert tracker.follow(0, [box(0.1, 0.1)]) == [0]
    assert tracker.follow(500, []) == []
    assert tracker.follow(900, [box(0.1, 0.1)]) == [0]
    assert tracker.follow(3000, [box(0.1, 0.1)]) == [1]


def test_what_looks_alike_is_the_same_wherever_it_comes_back() -> None:
    tracker = Tracker(patience_milliseconds=1000, resemblance=lambda one, other: 1.0 - abs(one - other))
    assert tracker.follow(0, [box(0.1, 0.1), box(0.6, 0.6)], [0.1, 0.9]) == [0, 1]
    assert tracker.follow(500, [box(0.6, 0.6), box(0.1, 0.1)], [0.12, 0.88]) == [0, 1]
    assert tracker.follow(60_000, [box(0.4, 0.4)], [0.1]) == [0]
    assert tracker.follow(60_500, [box(0.4, 0.4)], [0.5]) == [2]
