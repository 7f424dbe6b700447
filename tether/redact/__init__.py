"""Masking: credentials are hidden wherever output leaves the machine's owner. Pure: bytes in, bytes out.

`Masker` is for streams, `grid` for screens, `hostile` takes the sting out of output that attacks terminals. Hygiene,
not a barrier: who wants to leak a secret can spell it another way.
"""
