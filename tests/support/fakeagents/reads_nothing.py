"""Says deaf and never reads its input."""

import signal

print("deaf", flush=True)
while True:
    signal.pause()
