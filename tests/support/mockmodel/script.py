"""What a prompt tells the mock model to do, step by step. Pure.

One step is one call of the model; the agent calls again with what the tool returned, and gets the next step:

    [[say hello]]                     the reply, and the end of the turn
    [[run ls -l]]                     a call of the agent's shell tool
    [[write notes.txt|first\\nsecond]]  a call of its tool that writes a file; \\n is a line's end
    [[edit calc.py|old|new]]          of the one that edits a file
    [[call Name|{"json": 1}]]         of any tool, by its name
    [[stream NAME]]                   words without an end, until the test says model.release(NAME)
    [[hold NAME]]                     the step behind it waits until the test says model.release(NAME)
    [[fail 500]]                      an HTTP error
    [[and]]                           the step behind it is a call in the same reply as the one before

A prompt without a step is answered with "heard: ..." and its beginning; one whose steps are done, with "all done".
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

_STEP = re.compile(r"\[\[(say|run|write|edit|call|stream|hold|fail|and) ?(.*?)\]\]", re.DOTALL)
DONE = "all done"


@dataclass(frozen=True)
class Step:
    """One thing to do. `hold` names what to wait for before it ("" nothing), `joined`: with the one before."""

    verb: str
    args: tuple[str, ...]
    hold: str = ""
    joined: bool = False

    @property
    def text(self) -> str:
        return self.args[0]


@dataclass(frozen=True)
class Request:
    """What an agent asked the model, in any dialect: the newest prompt, what tools returned since, its tools."""

    prompt: str
    results: tuple[str, ...]
    tools: dict[str, str]  # name -> "function" or "custom"
    stream: bool


def steps(prompt: str) -> list[Step]:
    """Every step in the prompt, in order."""
    found: list[Step] = []
    hold, joined = "", False
    for verb, rest in _STEP.findall(prompt):
        if verb == "and":
            joined = True
            continue
        if verb == "hold":
            hold = rest.strip()
            continue
        split = {"write": 2, "edit": 3, "call": 2}.get(verb, 1)
        found.append(Step(verb, tuple(part.replace("\\n", "\n") for part in rest.split("|", split - 1)), hold, joined))
        hold, joined = "", False
    return found


def has_steps(text: str) -> bool:
    """Whether the text tells the model to do anything."""
    return _STEP.search(text) is not None


def joined_to(request: Request) -> list[Step]:
    """What is to be done in the same reply as the next step, beside that."""
    rest = steps(request.prompt)[len(request.results) + 1 :]
    return list(itertools.takewhile(lambda step: step.joined, rest))


def next_step(request: Request) -> Step:
    """What to do now."""
    planned = steps(request.prompt)
    if not planned:
        return Step("say", ("heard: " + " ".join(request.prompt.split())[:200],))
    if len(request.results) < len(planned):
        return planned[len(request.results)]
    return Step("say", (DONE,))
