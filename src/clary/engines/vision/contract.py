"""What goes into the vision engine and what comes out of it.

**Pictures** enter as the bytes of a JPEG or PNG file and are decoded once, by `pictures.decode`: turned upright by
their EXIF orientation, without their transparency, as a `Picture` whose `rgb` is [height, width, 3] uint8 in the order
red, green, blue. **Boxes** and points are ratios of the upright picture: 0..1 from its left and top; a box may stick
out over the edge by as much as the thing does, unless it says it is cut. **Confidences** are 0..1 and calibrated: of
the answers with confidence 0.8 about eight in ten are right on the sets that the benchmarks name. **Angles** are
degrees.

The methods of the engine are in `calls.py`. Every value is one that CBOR holds, since it crosses the engine host's
socket: dicts, lists, text, numbers, None.

Refusals (`clary.engines.refusals.Refused`) by reason:

    invalid-format      not a JPEG or PNG, or cut short, or damaged
    too-large           more pixels than `pictures.MOST_PIXELS`; details: pixels, limit
    too-small           a side shorter than `pictures.SHORTEST_SIDE`; details: width, height, limit
    no-face             a call that needs a face found none
    invalid-embedding   not a vector that this engine made
    invalid-video       not a video that can be read; video calls only
    weights-missing     the models are not on this machine; details: name, command
"""

from __future__ import annotations

from typing import Literal, TypedDict


class Box(TypedDict):
    """A rectangle, as ratios of the picture."""

    left: float
    top: float
    width: float
    height: float


class Point(TypedDict):
    """A point, as ratios of the picture."""

    x: float
    y: float


class Size(TypedDict):
    """The size of the upright picture in pixels, and the EXIF orientation (1..8) it was stored with."""

    width: int
    height: int
    orientation: int


class Flag(TypedDict):
    """Yes or no, and the probability (0.5..1) that this is right."""

    value: bool
    confidence: float


class Colour(TypedDict):
    """A colour that covers much of a region.

    `name` is the CSS word nearest to it, `simple` one of twelve plain words ("black", "blue", "brown", "gold",
    "green", "grey", "orange", "pink", "purple", "red", "white", "yellow"); `share` is its part of the region, 0..1.
    """

    red: int
    green: int
    blue: int
    name: str
    simple: str
    share: float


class Quality(TypedDict):
    """How well a region is taken, each 0..100: mean lightness, sharpness of edges, spread of lightness."""

    brightness: float
    sharpness: float
    contrast: float


class Region(TypedDict):
    """Quality and colours of a part of the picture."""

    quality: Quality
    colours: list[Colour]


class Properties(TypedDict):
    """Quality and colours of the whole picture and of its two parts; a part that there is not is None."""

    whole: Region
    foreground: Region | None
    background: Region | None


class Instance(TypedDict):
    """One object of a label."""

    box: Box
    confidence: float
    colours: list[Colour]


class Label(TypedDict):
    """What the picture shows. A parent of a found label is itself found, without instances."""

    name: str
    confidence: float
    instances: list[Instance]
    parents: list[str]
    aliases: list[str]
    categories: list[str]


class Labels(TypedDict):
    """Labels, the most confident first; properties where they were asked for."""

    size: Size
    labels: list[Label]
    properties: Properties | None
    model: str


class Landmark(TypedDict):
    """A point of a face; `name` is one of `faces.LANDMARKS`."""

    name: str
    x: float
    y: float


class Pose(TypedDict):
    """How a head is held, degrees: roll clockwise, yaw to its left (the picture's right), pitch up."""

    roll: float
    yaw: float
    pitch: float


class EyeDirection(TypedDict):
    """Where the eyes look relative to the camera, degrees."""

    yaw: float
    pitch: float
    confidence: float


class FaceQuality(TypedDict):
    """Each 0..100."""

    brightness: float
    sharpness: float


class AgeRange(TypedDict):
    """Years, both ends included."""

    low: int
    high: int


class Gender(TypedDict):
    """How a face looks; it says nothing about who the person is."""

    value: Literal["female", "male"]
    confidence: float


class Emotion(TypedDict):
    """`name`: happy, sad, angry, confused, disgusted, surprised, calm, fear or unknown. They need not add up to 1."""

    name: str
    confidence: float


class Attributes(TypedDict):
    """What a face looks like. Every answer is given; how much it is worth its confidence says, down to one half."""

    age_range: AgeRange
    gender: Gender
    smile: Flag
    eyeglasses: Flag
    sunglasses: Flag
    beard: Flag
    mustache: Flag
    eyes_open: Flag
    mouth_open: Flag
    occluded: Flag
    eye_direction: EyeDirection
    emotions: list[Emotion]


class Face(TypedDict):
    """A face. `landmarks` holds the five main points, or all thirty where attributes were asked for.

    `embedding` is what `face_similarity` and the face index compare: `EMBEDDING_BYTES` bytes, None where not asked for.
    """

    box: Box
    confidence: float
    landmarks: list[Landmark]
    pose: Pose
    quality: FaceQuality
    attributes: Attributes | None
    embedding: bytes | None


class Faces(TypedDict):
    """Faces, the largest first."""

    size: Size
    faces: list[Face]
    model: str


class FaceMatch(TypedDict):
    """A face of the target and how much it resembles the source's, 0..1; see `face_embedding.SAME_PERSON`."""

    similarity: float
    face: Face


class FaceComparison(TypedDict):
    """The largest face of the source against every face of the target, the most similar first."""

    source: Face
    source_size: Size
    target_size: Size
    matches: list[FaceMatch]
    model: str


class Neighbour(TypedDict):
    """A vector of an index that resembles the question."""

    id: str
    similarity: float


class ModerationLabel(TypedDict):
    """A label of the three-level taxonomy; a parent of a found label is itself found."""

    name: str
    parent: str
    level: int
    confidence: float


class Moderation(TypedDict):
    """Labels, the most confident first."""

    size: Size
    labels: list[ModerationLabel]
    model: str


class TextDetection(TypedDict):
    """A line or a word. A word's `parent` is the id of its line; a line has none. Polygons run clockwise."""

    id: int
    parent: int | None
    kind: Literal["line", "word"]
    text: str
    confidence: float
    box: Box
    polygon: list[Point]


class Texts(TypedDict):
    """Lines with their words, in reading order."""

    size: Size
    texts: list[TextDetection]
    model: str


class Equipment(TypedDict):
    """A piece of equipment; `covers` tells whether it covers the body part that it was found at."""

    kind: Literal["face-cover", "head-cover", "hand-cover"]
    confidence: float
    box: Box
    covers: Flag


class BodyPart(TypedDict):
    """A visible part of a person's body."""

    name: Literal["face", "head", "left-hand", "right-hand"]
    confidence: float
    equipment: list[Equipment]


class EquippedPerson(TypedDict):
    """A person with the parts of the body that are seen; ids count from 0 by the size of the box."""

    id: int
    box: Box
    confidence: float
    parts: list[BodyPart]


class PeoplesEquipment(TypedDict):
    """The persons of a picture, at most fifteen, the largest first."""

    size: Size
    persons: list[EquippedPerson]
    model: str


class VideoMetadata(TypedDict):
    """What is known of a video file before its frames are read.

    `codec` and `container` are names such as "h264" and "mp4"; `frame_rate` is frames a second.
    """

    codec: str
    container: str
    duration_milliseconds: int
    frame_rate: float
    frame_width: int
    frame_height: int
    colour_range: Literal["full", "limited"]


SegmentKind = Literal["shot", "black-frames", "colour-bars"]


class Segment(TypedDict):
    """A stretch of a video: a shot, or a technical cue. Frames count from 0; ends are included."""

    kind: SegmentKind
    index: int
    confidence: float
    start_milliseconds: int
    end_milliseconds: int
    start_frame: int
    end_frame: int
