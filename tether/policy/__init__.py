"""The owner's rules for what agents ask: one file for every agent. Pure.

A rule may allow, deny, or leave a thing to people. Deny beats allow, whatever its order; what can't be read for certain
is asked. `shellwords` reads commands, `rules` the file, `judging` decides.
"""

from tether.policy.judging import Request, Verdict, edited_files, judge
from tether.policy.rules import Policy, Rule, expired, load

__all__ = ["Policy", "Request", "Rule", "Verdict", "edited_files", "expired", "judge", "load"]
