"""The `tether` command: everything a person types. The only room with typer, supervisor and a terminal in raw mode."""
