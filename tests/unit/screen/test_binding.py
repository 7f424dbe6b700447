"""What cffi is told of the library is what the tool makes."""

from tools import ghostty_binding


def test_the_binding_is_up_to_date():
    assert ghostty_binding.TARGET.read_text() == ghostty_binding.made()
