"""How far this gateway can be reached: this machine alone, unless the owner said otherwise in so many words."""

from tether.exposure.chosen import Exposure, Lan, Tunnel, load, names, save

__all__ = ["Exposure", "Lan", "Tunnel", "load", "names", "save"]
