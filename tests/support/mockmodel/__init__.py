"""A model that does what the prompt says, for tests of the real agents: `with MockModel() as model:`

It listens on a free port of 127.0.0.1 and speaks what the three agents speak: the Responses API (codex), Messages
(claude), chat completions (opencode). What a prompt has it do is in `script`; what it was told, in `model.heard`.
"""

from tests.support.mockmodel.server import Heard, MockModel

__all__ = ["Heard", "MockModel"]
