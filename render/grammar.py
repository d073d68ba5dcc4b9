"""The grammar of a command line whose slips are answered: what is mistyped is told with what it may have meant.

Every command's grammar is a Grammar, and so every option that a command takes, or ever will, gets its "did you mean".
"""

import argparse
import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NoReturn

from render.language.marks import listed, near

DASHES = "-–—‒―−"  # what a word processor makes of a hyphen or two
SYNONYMS = {  # what other programs call it → what it is here
    "help": "--help tells what there is",
    "render": "a scene alone is rendered: SCENE.yaml",
    "list": "did you mean 'models'?",
    "download": "did you mean 'fetch'?",
    "channels": "did you mean 'layers'?",
}


class Grammar(argparse.ArgumentParser):
    """An ArgumentParser that says in a line what is wrong, and what is near it. Exit status 2, as argparse has it.

    Options are written out: a beginning that means one thing today would mean two with the next option.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(self, args=None, namespace=None):
        """As argparse does it, but options that do not exist are told first: they explain all that follows."""
        for told in self.strangers(args or ()):
            self.slip(told)
        return super().parse_known_args(args, namespace)

    def parse_args(self, args=None, namespace=None):
        options, left = self.parse_known_args(args, namespace)
        if left:
            self.slip(f"'{left[0]}' is one too many; a text with blanks needs quotes")
        return options

    def strangers(self, arguments: Sequence[str]) -> Iterator[str]:
        """A sentence about each argument that looks like an option and is none."""
        known = self._option_string_actions
        for argument in arguments:
            name = argument.partition("=")[0]
            bare = name.lstrip(DASHES)
            if argument == "--":
                return
            if not bare or bare == name or " " in name or bare[0].isdigit() or os.path.lexists(argument):
                continue  # no option, or a number or a file
            if name in known:
                continue
            if name[:2] in known and f"--{bare}" not in known and not name.startswith("--"):
                continue  # -oPATH
            whole = [option for option in known if option.startswith("--")]
            begun = [option for option in whole if option.startswith(name)]
            hint = near(name, begun[:1] or known) or near(f"--{bare}", begun or whole)
            if hint or name[0] == "-":
                yield f"there is no option {name}{hint or f'; known are {self.options()}'}"

    def options(self) -> str:
        """The options, in a sentence."""
        return listed([name for name in self._option_string_actions if name.startswith("--")], "and")

    def slip(self, message: str) -> NoReturn:
        """Ends with a sentence."""
        self.exit(2, f"{message}\n")

    def error(self, message: str) -> NoReturn:
        """Ends with argparse's own sentence, and how the command is used."""
        self.print_usage()
        self.slip(message.replace("the following arguments are required", "what is missing"))

    def print_usage(self, file: Any = None) -> None:
        import sys

        super().print_usage(file or sys.stderr)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """argparse's own check of choices, with the nearest."""
        if action.choices is not None and value not in action.choices:
            message = f"must be {listed(map(str, action.choices))}, not '{value}'{near(str(value), action.choices)}"
            self.slip(f"{'/'.join(action.option_strings[-1:]) or action.dest}: {message}")


def no_command(word: str, commands: Collection[str]) -> str:
    """What to say of a first word that is neither a command, an option nor a file; nothing if it may be a scene."""
    if not word or word[0] in DASHES or word in commands or os.path.lexists(word) or not word.isalpha():
        return ""
    hint = f"; {SYNONYMS[word]}" if word in SYNONYMS else near(word, commands)
    return f"there is no command '{word}', and no such file{hint}" if hint else ""
