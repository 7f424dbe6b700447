"""The devices that may use this gateway: what each may do, their file, and the one rule for who sees which session.

`scopes` and `rows` decide and are pure; `registry` keeps the file.
"""
