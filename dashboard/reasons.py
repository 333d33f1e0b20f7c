"""Why a DLT window is in its state, in the reader's language, the same words on every screen."""

from clinical.board import Window
from dashboard.labels import Say


def reason(window: Window, say: Say, lang: str) -> str:
    """Why the window is in its state, in the reader's language, with the DLT or candidate named."""
    state = window.state
    text = state.say(_Sentences(say))
    if state.state == "evaluable_dlt":
        return f"{text}: {window.dlt_term}"
    if window.candidates:
        return f"{text}: " + ", ".join(dict.fromkeys(one.named(lang) for one in window.candidates))
    if state.state == "pending" and window.overdosed:
        return f"{text}, {say('board.overdosed')}"
    return text


def dlt_words(aedlt: object, say: Say) -> str:
    """Of one row of `dashboard.judged.judged_events`; "" where nobody said anything."""
    return {"Y": say("word.dlt"), "N": say("word.no_dlt"), "U": say("word.dlt_open")}.get(aedlt, "")


class _Sentences(dict):
    """The sentences of `clinical.dlt` from the table of labels."""

    def __init__(self, say: Say):
        super().__init__()
        self.say = say

    def __getitem__(self, code: str) -> str:
        return self.say(f"window.{code}")
