"""config, completion: how the command and the gateway are set up."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from tether import settings as settings_module
from tether.cli.call import CALL, line, out, out_json
from tether.errors import NOT_FOUND, USAGE, TetherError
from tether.paths import resolve


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether config path | tether config get | tether config get web.port")(config)
    app.command(epilog='Examples: eval "$(tether completion bash)" | tether completion fish | source')(completion)


def config(
    act: Annotated[str, typer.Argument(metavar="path|get", help="path: where the file is. get: what is in force.")],
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="As in web.port.")] = None,
) -> int:
    """Show the settings. They are changed in the file, which `tether config path` names."""
    paths = resolve()
    if act == "path":
        out(str(paths.settings))
        return 0
    if act != "get":
        raise TetherError(f"config knows path and get, not {line(act)!r}", code="usage", status=USAGE)
    tree: dict[str, Any] = msgspec.to_builtins(settings_module.load(paths.settings))
    flat = {f"{section}.{name}": value for section, names in tree.items() for name, value in names.items()}
    if key is not None and key not in flat:
        raise TetherError(
            f"There is no setting {line(key)!r}",
            hint=f"Settings: {', '.join(flat)}",
            code="not-found",
            status=NOT_FOUND,
        )
    if CALL.json:
        out_json(tree if key is None else flat[key])
    elif key is not None:
        out(str(flat[key]))
    else:
        for name, value in flat.items():
            out(f"{name} = {value}")
    return 0


def completion(shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish")]) -> int:
    """Print the completion of this command for a shell. It offers verbs, ids and titles."""
    from tether.cli import completions

    makers = {"bash": completions.bash, "zsh": completions.zsh, "fish": completions.fish}
    if shell not in makers:
        raise TetherError(
            f"There is no completion for {line(shell)!r}", hint="Give bash, zsh or fish", code="usage", status=USAGE
        )
    print(makers[shell](), end="")
    return 0
