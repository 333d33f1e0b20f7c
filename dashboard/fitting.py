"""The fit of Stein's model to everyone's samples: once a cut and what is excluded, as a job in a process of its own."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

import pandas as pd
from flask import current_app

from dashboard.exposures import endpoint_samples, excluded
from dashboard.jobs import Job, Jobs, Told
from dashboard.session import Asked
from pk.fits import PopulationFit
from pk.kinetics import fit_population

NICENESS = 10  # who waits for an answer comes first


def fit_of(asked: Asked) -> Job:
    """The job whose result is the PopulationFit of everyone infused, whatever cohort is chosen."""
    samples = endpoint_samples(asked.cut, asked.head)
    name = ("fit", asked.cut.id, excluded(asked.cut, asked.head))
    return _jobs().of(name, lambda told: apart(samples, told), elsewhere=True)


def _jobs() -> Jobs:
    return current_app.config["JOBS"]


def apart(samples: pd.DataFrame, told: Told) -> PopulationFit:
    """`pk.kinetics.fit_population` in a process beside the server, which goes on answering. RuntimeError where the
    process ends without a result."""
    # Read where numpy is loaded, which is there: matrices this small take two cores twice the time of one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, samples), name="fit", daemon=True)
    process.start()
    theirs.close()  # so that the end of the process is seen
    try:
        return _received(ours.recv, told)
    except EOFError as error:
        raise RuntimeError("the fit ended without a result") from error
    finally:
        ours.close()
        process.join()


def _received(receive: Callable[[], object], told: Told) -> PopulationFit:
    while True:
        said = receive()
        if isinstance(said, PopulationFit):
            return said
        if isinstance(said, Exception):
            raise said
        told(*said)


def _run(connection: Connection, samples: pd.DataFrame) -> None:
    os.nice(NICENESS)
    threading.Thread(target=_end_with_the_server, args=(connection,), daemon=True).start()
    try:
        connection.send(fit_population(samples, told=lambda done, steps: connection.send((done, steps))))
    except ValueError as error:  # what cannot be fitted; anything else is this program's own, and ends the process
        connection.send(error)


def _end_with_the_server(connection: Connection) -> None:
    """Nothing is ever sent to this process: what comes is the end of the other side."""
    with suppress(EOFError, OSError):
        connection.recv()
    os._exit(1)
