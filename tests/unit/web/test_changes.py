"""Lists are told what changed, and let go of when there is nothing more to tell."""

import asyncio

from tether.web.changes import Changes

ONE, TWO = b"1" * 16, b"2" * 16


def test_what_changed_since_a_number_and_everything_for_another_runs_number():
    changes = Changes(1000)
    newest, sids = changes.since(0)
    assert (newest, sids) == (1000, None)
    changes.note(ONE)
    changes.note(TWO)
    changes.note(ONE)
    assert changes.since(1000) == (1003, {ONE, TWO})
    assert changes.since(1002) == (1003, {ONE})
    assert changes.since(5000) == (1003, None)


def test_who_waits_is_answered_by_a_change_and_by_the_end():
    async def story() -> None:
        changes = Changes(1000)
        for act in (lambda: changes.note(ONE), changes.wake):
            waiting = asyncio.ensure_future(changes.wait(changes.since(0)[0], 60))
            asyncio.get_running_loop().call_soon(act)
            await asyncio.wait_for(waiting, 5)

    asyncio.run(story())
