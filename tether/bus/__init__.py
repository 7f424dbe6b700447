"""How bytes cross processes: the only ZeroMQ in the tree.

Sockets carry single-frame messages over `ipc://` inside the 0700 run directory. Nothing here knows
what a message means (`tether.wire` does), and nothing here decides. A context is made after every
fork and never used across one.
"""

from tether.bus.client import BrokerClient
from tether.bus.loops import Poller
from tether.bus.sockets import Bus, Dealer, Publisher, Router, Subscriber

__all__ = ["BrokerClient", "Bus", "Dealer", "Poller", "Publisher", "Router", "Subscriber"]
