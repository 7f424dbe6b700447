"""Completion scripts. They ask `tether __ids` for ids and titles, which takes a few milliseconds. Pure."""

from __future__ import annotations

from typing import Final

from tether.cli.app import VERBS

_TAKES_ID: Final = (
    "attach", "stop", "logs", "events", "send", "keys", "wait", "snapshot", "clients", "rename", "export", "open",
    "app", "url", "diff", "files", "why", "resume",
)  # fmt: skip
_PROVIDERS: Final = "codex claude opencode shell"


def _verbs() -> str:
    return " ".join(sorted(VERBS))


def bash() -> str:
    """For bash: `eval "$(tether completion bash)"`."""
    return f"""_tether() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} verb=${{COMP_WORDS[1]}}
  local IFS=$'\\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(printf '%s\\n' {_verbs()})" -- "$word"))
    return
  fi
  case $verb in
    run) COMPREPLY=($(compgen -W "$(printf '%s\\n' {_PROVIDERS})" -- "$word")) ;;
    {"|".join(_TAKES_ID)}) COMPREPLY=($(compgen -W "$(tether __ids 2>/dev/null | cut -f1)" -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W $'bash\\nzsh\\nfish' -- "$word")) ;;
  esac
}}
complete -o default -F _tether tether
"""


def zsh() -> str:
    """For zsh: `eval "$(tether completion zsh)"`, or a file named _tether on the fpath."""
    return f"""#compdef tether
_tether() {{
  local -a lines
  if (( CURRENT == 2 )); then
    compadd -- {_verbs()}
    return
  fi
  case ${{words[2]}} in
    run) compadd -- {_PROVIDERS} ;;
    {"|".join(_TAKES_ID)})
      lines=(${{(f)"$(tether __ids 2>/dev/null)"}})
      lines=(${{lines//:/\\\\:}})
      lines=(${{lines//$'\\t'/:}})
      _describe session lines ;;
    completion) compadd -- bash zsh fish ;;
    *) _files ;;
  esac
}}
compdef _tether tether 2>/dev/null
"""


def fish() -> str:
    """For fish: put it into ~/.config/fish/completions/tether.fish."""
    lines = ["complete -c tether -f"]
    lines += [f"complete -c tether -n __fish_use_subcommand -a {verb}" for verb in sorted(VERBS)]
    lines.append(f"complete -c tether -n '__fish_seen_subcommand_from run' -a '{_PROVIDERS}'")
    takes = " ".join(_TAKES_ID)
    lines.append(f"complete -c tether -n '__fish_seen_subcommand_from {takes}' -a '(tether __ids 2>/dev/null)'")
    lines.append("complete -c tether -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'")
    return "\n".join(lines) + "\n"
