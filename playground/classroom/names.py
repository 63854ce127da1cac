"""Names for people who give none: an adjective and an animal, each pair once a room."""

import secrets
from collections.abc import Callable, Collection, Sequence

_ADJECTIVES = (
    "Amber Brave Bright Calm Clever Cosmic Curious Daring Eager Fair Fancy Fleet Gentle Golden Happy Honest Humble "
    "Jolly Keen Kind Lively Lucky Lunar Mellow Merry Mighty Noble Patient Polite Proud Quick Quiet Rapid Royal Silent "
    "Silver Sleepy Solar Steady Sunny Swift Tidy Velvet Warm Wise Witty"
)
_ANIMALS = (
    "Badger Bear Beaver Bison Camel Cat Condor Crane Deer Dolphin Dove Duck Eagle Falcon Ferret Finch Fox Frog Gecko "
    "Goose Hare Hawk Hedgehog Heron Horse Ibis Jaguar Koala Lark Lemur Lion Llama Lynx Marmot Mole Moose Newt Ocelot "
    "Octopus Otter Owl Panda Parrot Pelican Penguin Pony Puffin Quail Rabbit Raven Robin Salmon Seal Sparrow Squirrel "
    "Stork Swan Tiger Toad Turtle Walrus Whale Wolf Wombat Zebra"
)


def all_names() -> list[str]:
    """Every name there is: enough for a room many times over."""
    return [f"{adjective} {animal}" for adjective in _ADJECTIVES.split() for animal in _ANIMALS.split()]


def new_name(taken: Collection[str], choose: Callable[[Sequence[str]], str] = secrets.choice) -> str:
    """A name nobody in the room has.

    >>> new_name({"Amber Badger"}, choose=lambda free: free[0])
    'Amber Bear'
    """
    return choose([name for name in all_names() if name not in taken])
