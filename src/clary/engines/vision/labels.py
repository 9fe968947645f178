"""What is known about the labels that a model can find: what they are kinds of, other words for them, their field.

No label stands here that nothing finds. A parent is found whenever its child is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision import objects
from clary.engines.vision.boxes import to_box
from clary.engines.vision.contract import Instance, Label
from clary.engines.vision.objects import NAMES, Detections
from clary.engines.vision.pictures import Picture
from clary.engines.vision.properties import dominant_colours

LEAST_CONFIDENCE = 0.05
_CUT_PIXELS = 256  # the longer side at which an instance's colours are counted


@dataclass(frozen=True, slots=True)
class Kind:
    """A label.

    Attributes:
        name: as users read it.
        category: the field it belongs to.
        parents: more general labels, the nearest first.
        aliases: other words for the same.
    """

    name: str
    category: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


_ANIMAL, _PERSON, _VEHICLE = "Animals and Pets", "Person Description", "Vehicles and Automotive"
_FOOD, _KITCHEN, _SPORT = "Food and Beverage", "Kitchen and Dining", "Sports"
_FURNITURE, _TECHNOLOGY, _HOME = "Furniture and Furnishings", "Technology and Computing", "Home and Indoors"
_STREET, _CLOTHES, _OBJECT = "Transport and Logistics", "Apparel and Accessories", "Everyday Objects"
_APPLIANCE, _TOOLS, _TOYS, _PLANTS = "Home Appliances", "Tools and Machinery", "Toys and Gaming", "Plants and Flowers"
_TEXTS, _BEAUTY = "Text and Documents", "Beauty and Personal Care"
_TRANSPORT = ("Vehicle", "Transportation")
_MAMMAL = ("Mammal", "Animal")

_BY_NAME = {
    "person": Kind("Person", _PERSON, (), ("Human",)),
    "bicycle": Kind("Bicycle", _VEHICLE, _TRANSPORT, ("Bike",)),
    "car": Kind("Car", _VEHICLE, _TRANSPORT, ("Automobile",)),
    "motorcycle": Kind("Motorcycle", _VEHICLE, _TRANSPORT, ("Motorbike",)),
    "airplane": Kind("Airplane", _VEHICLE, ("Aircraft", *_TRANSPORT), ("Aeroplane", "Plane")),
    "bus": Kind("Bus", _VEHICLE, _TRANSPORT),
    "train": Kind("Train", _VEHICLE, _TRANSPORT),
    "truck": Kind("Truck", _VEHICLE, _TRANSPORT, ("Lorry",)),
    "boat": Kind("Boat", _VEHICLE, _TRANSPORT),
    "traffic light": Kind("Traffic Light", _STREET, (), ("Stoplight",)),
    "fire hydrant": Kind("Fire Hydrant", _STREET, (), ("Hydrant",)),
    "stop sign": Kind("Stop Sign", _STREET, ("Road Sign", "Sign")),
    "parking meter": Kind("Parking Meter", _STREET),
    "bench": Kind("Bench", _FURNITURE, ("Furniture",)),
    "bird": Kind("Bird", _ANIMAL, ("Animal",)),
    "cat": Kind("Cat", _ANIMAL, ("Pet", *_MAMMAL)),
    "dog": Kind("Dog", _ANIMAL, ("Pet", "Canine", *_MAMMAL)),
    "horse": Kind("Horse", _ANIMAL, _MAMMAL),
    "sheep": Kind("Sheep", _ANIMAL, ("Livestock", *_MAMMAL)),
    "cow": Kind("Cow", _ANIMAL, ("Cattle", "Livestock", *_MAMMAL)),
    "elephant": Kind("Elephant", _ANIMAL, ("Wildlife", *_MAMMAL)),
    "bear": Kind("Bear", _ANIMAL, ("Wildlife", *_MAMMAL)),
    "zebra": Kind("Zebra", _ANIMAL, ("Wildlife", *_MAMMAL)),
    "giraffe": Kind("Giraffe", _ANIMAL, ("Wildlife", *_MAMMAL)),
    "backpack": Kind("Backpack", _CLOTHES, ("Bag",), ("Rucksack",)),
    "umbrella": Kind("Umbrella", _OBJECT),
    "handbag": Kind("Handbag", _CLOTHES, ("Bag", "Accessories"), ("Purse",)),
    "tie": Kind("Tie", _CLOTHES, ("Formal Wear", "Accessories"), ("Necktie",)),
    "suitcase": Kind("Suitcase", _OBJECT, ("Luggage",)),
    "frisbee": Kind("Frisbee", _SPORT, ("Toy",)),
    "skis": Kind("Skis", _SPORT, ("Sports Equipment",)),
    "snowboard": Kind("Snowboard", _SPORT, ("Sports Equipment",)),
    "sports ball": Kind("Ball", _SPORT, ("Sports Equipment",), ("Sports Ball",)),
    "kite": Kind("Kite", _TOYS, ("Toy",)),
    "baseball bat": Kind("Baseball Bat", _SPORT, ("Sports Equipment",)),
    "baseball glove": Kind("Baseball Glove", _SPORT, ("Glove", "Sports Equipment")),
    "skateboard": Kind("Skateboard", _SPORT, ("Sports Equipment",)),
    "surfboard": Kind("Surfboard", _SPORT, ("Sports Equipment",)),
    "tennis racket": Kind("Tennis Racket", _SPORT, ("Racket", "Sports Equipment")),
    "bottle": Kind("Bottle", _OBJECT, ("Container",)),
    "wine glass": Kind("Wine Glass", _KITCHEN, ("Glass",)),
    "cup": Kind("Cup", _KITCHEN, ("Tableware",)),
    "fork": Kind("Fork", _KITCHEN, ("Cutlery", "Tableware")),
    "knife": Kind("Knife", _KITCHEN, ("Cutlery", "Tableware")),
    "spoon": Kind("Spoon", _KITCHEN, ("Cutlery", "Tableware")),
    "bowl": Kind("Bowl", _KITCHEN, ("Tableware",)),
    "banana": Kind("Banana", _FOOD, ("Fruit", "Food")),
    "apple": Kind("Apple", _FOOD, ("Fruit", "Food")),
    "sandwich": Kind("Sandwich", _FOOD, ("Food",)),
    "orange": Kind("Orange", _FOOD, ("Citrus Fruit", "Fruit", "Food")),
    "broccoli": Kind("Broccoli", _FOOD, ("Vegetable", "Food")),
    "carrot": Kind("Carrot", _FOOD, ("Vegetable", "Food")),
    "hot dog": Kind("Hot Dog", _FOOD, ("Food",)),
    "pizza": Kind("Pizza", _FOOD, ("Food",)),
    "donut": Kind("Donut", _FOOD, ("Sweets", "Food"), ("Doughnut",)),
    "cake": Kind("Cake", _FOOD, ("Dessert", "Food")),
    "chair": Kind("Chair", _FURNITURE, ("Furniture",)),
    "couch": Kind("Couch", _FURNITURE, ("Furniture",), ("Sofa",)),
    "potted plant": Kind("Potted Plant", _PLANTS, ("Plant",), ("Houseplant",)),
    "bed": Kind("Bed", _FURNITURE, ("Furniture",)),
    "dining table": Kind("Dining Table", _FURNITURE, ("Table", "Furniture")),
    "toilet": Kind("Toilet", _HOME, ("Bathroom Fixture",)),
    "tv": Kind("TV", _TECHNOLOGY, ("Screen", "Electronics"), ("Television", "Monitor")),
    "laptop": Kind("Laptop", _TECHNOLOGY, ("Computer", "Electronics")),
    "mouse": Kind("Computer Mouse", _TECHNOLOGY, ("Computer Hardware", "Electronics"), ("Mouse",)),
    "remote": Kind("Remote Control", _TECHNOLOGY, ("Electronics",), ("Remote",)),
    "keyboard": Kind("Computer Keyboard", _TECHNOLOGY, ("Computer Hardware", "Electronics"), ("Keyboard",)),
    "cell phone": Kind("Mobile Phone", _TECHNOLOGY, ("Phone", "Electronics"), ("Cell Phone",)),
    "microwave": Kind("Microwave", _APPLIANCE, ("Appliance",)),
    "oven": Kind("Oven", _APPLIANCE, ("Appliance",)),
    "toaster": Kind("Toaster", _APPLIANCE, ("Appliance",)),
    "sink": Kind("Sink", _HOME, ("Plumbing Fixture",)),
    "refrigerator": Kind("Refrigerator", _APPLIANCE, ("Appliance",), ("Fridge",)),
    "book": Kind("Book", _TEXTS, ("Publication",)),
    "clock": Kind("Clock", _OBJECT),
    "vase": Kind("Vase", _HOME, ("Container",)),
    "scissors": Kind("Scissors", _TOOLS, ("Tool",)),
    "teddy bear": Kind("Teddy Bear", _TOYS, ("Toy",)),
    "hair drier": Kind("Hair Dryer", _BEAUTY, ("Appliance",), ("Hair Drier",)),
    "toothbrush": Kind("Toothbrush", _BEAUTY, ("Tool",)),
}
KINDS = tuple(_BY_NAME[name] for name in NAMES)
"""The labels of the objects, in the order of `objects.NAMES`."""
VOCABULARY = frozenset({kind.name for kind in KINDS} | {parent for kind in KINDS for parent in kind.parents})
"""Every label that may be found."""


def labels_of(found: Detections, picture: Picture, colours: bool = False) -> list[Label]:
    """The labels of what was found, parents included, the most confident first.

    Args:
        found: objects.
        picture: where they were found.
        colours: whether each instance's dominant colours are wanted.
    """
    labels: dict[str, Label] = {}
    for number in np.unique(found.kinds):
        chosen = found.kinds == number
        confidence = objects.label_confidence(found.scores[chosen])
        if confidence < LEAST_CONFIDENCE:
            continue
        kind = KINDS[int(number)]
        label = _label(kind, confidence)
        for box, score in zip(found.boxes[chosen], objects.confidences(found.scores[chosen]), strict=True):
            if score >= LEAST_CONFIDENCE:
                label["instances"].append(_instance(box, float(score), picture, colours))
        labels[kind.name] = label
        for position, parent in enumerate(kind.parents):
            general = Kind(parent, kind.category, kind.parents[position + 1 :])
            known = labels.setdefault(parent, _label(general, confidence))
            known["confidence"] = max(known["confidence"], confidence)
    return sorted(labels.values(), key=lambda label: (-label["confidence"], label["name"]))


def _label(kind: Kind, confidence: float) -> Label:
    return Label(
        name=kind.name,
        confidence=confidence,
        instances=[],
        parents=list(kind.parents),
        aliases=list(kind.aliases),
        categories=[kind.category],
    )


def _instance(box: NDArray[np.float32], score: float, picture: Picture, colours: bool) -> Instance:
    found = []
    if colours:
        rgb = picture.within(_CUT_PIXELS)
        height, width = rgb.shape[:2]
        left, top, right, bottom = (box * (width, height, width, height)).round().astype(int)
        found = dominant_colours(rgb[top : max(bottom, top + 1), left : max(right, left + 1)])
    return Instance(box=to_box(box, 1.0, 1.0), confidence=score, colours=found)
