"""What is said of a fit: how far it is, and why a number is missing."""

from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked
from pk.reasons import Reason, Why


def job_words(say: Say) -> Say:
    """How far the fit is, in its own words."""
    return lambda key, **values: say(f"fit.{key.removeprefix('job.')}", **values)


def reasons(asked: Asked, why: Why) -> str:
    return asked.say("kinetics.joint").join(reason(asked, one) for one in why if one.code != "few_subjects")


def reason(asked: Asked, one: Reason) -> str:
    """The parameters in it by the names of the screen."""
    values = {
        name: ", ".join(asked.say(f"fit.short_{part}") for part in value.split(", "))
        if name in ("name", "names")
        else value
        for name, value in one.values.items()
    }
    return Reason(one.code, values).say(Sentences("fit_says", asked.say))
