"""Write tether/screen/_ghostty.py: what cffi must know of libghostty-vt, as data that needs no parsing at import.

`python tools/ghostty_binding.py` writes the file; `--check` only says whether it is as it should be. Declared is what
is used, by hand: the wheel's own declarations are 80 KB of C, which cffi would parse for 120 ms in every process.
Enumerations are `int`, handles are `void *`. A union cannot be passed by value here; `Point` is a struct of the same
size and members, which every calling convention passes as it passes the union.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from cffi import FFI

TARGET: Final = Path(__file__).parent.parent / "tether/screen/_ghostty.py"

_HEAD: Final = "# Made by tools/ghostty_binding.py: run `make binding`, do not edit.\n"
_DECLARED: Final = """
typedef struct { const uint8_t *ptr; size_t len; } String;
typedef struct { uint8_t r, g, b; } Rgb;
typedef struct { uint16_t mode; bool value; } Mode;
typedef struct { int tag, padding; uint16_t x; uint32_t y; uint64_t more; } Point;
typedef struct { size_t size; void *node; uint16_t x, y; } GridRef;
typedef struct { size_t size; GridRef start, end; bool rectangle; } Selection;
typedef struct { size_t size; int emit; bool unwrap, trim; const Selection *selection; } Format;
typedef bool (*Write)(void *userdata, const uint8_t *data, size_t len);
typedef void (*Reply)(void *terminal, void *userdata, const uint8_t *data, size_t len);
typedef struct { Write write; void *userdata; } Writer;

int ghostty_build_info(int data, void *out);
int ghostty_terminal_new(const void *allocator, void **terminal, uint16_t cols, uint16_t rows);
void ghostty_terminal_free(void *terminal);
int ghostty_terminal_resize(void *terminal, uint16_t cols, uint16_t rows, uint32_t cell_width, uint32_t cell_height);
int ghostty_terminal_set(void *terminal, int option, const void *value);
int ghostty_terminal_get(void *terminal, int data, void *out);
void ghostty_terminal_vt_write(void *terminal, const uint8_t *data, size_t len);
int ghostty_terminal_compress(void *terminal, int mode, int *result);
int ghostty_terminal_grid_ref(void *terminal, Point point, GridRef *ref);
int ghostty_terminal_selection_format_buf(void *terminal, Format options, uint8_t *buf, size_t len, size_t *written);
int ghostty_snapshot_encode(void *terminal, Writer writer);
"""


def made() -> str:
    """The module's text."""
    ffi = FFI()
    ffi.cdef(_DECLARED)
    ffi.set_source("tether.screen._ghostty", None)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "made.py"
        with contextlib.redirect_stdout(io.StringIO()):  # it says what it does
            ffi.emit_python_code(str(path))
        return _HEAD + path.read_text()


def main() -> int:
    """Write or check."""
    text = made()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        print(f"{TARGET.name} is not what tools/ghostty_binding.py makes: run `make binding`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
