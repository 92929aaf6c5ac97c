"""A command line's parser that suggests an option for one that it does not know."""

import argparse
import re
from difflib import get_close_matches
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse's, with a suggestion; Python has one of its own from 3.14 on, for values only."""

    def _parts(self) -> list[argparse.ArgumentParser]:
        """The parsers of its subcommands: what they do not know is reported here."""
        choices = [action.choices for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return [parser for each in choices for parser in each.values()]

    def error(self, message: str) -> NoReturn:
        """End with status 2 and one line behind the usage."""
        wrong = re.findall(r"--[\w-]+", message) if message.startswith("unrecognized") else []
        known = [name for parser in (self, *self._parts()) for name in parser._option_string_actions]
        near = get_close_matches(wrong[0], known, 1) if wrong else []
        super().error(message + "".join(f" (did you mean {option}?)" for option in near))
