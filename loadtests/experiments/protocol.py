"""What do handshake, frames, events and schemes do, apart from any load?"""

from loadtests.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    "protocol",
    "Which bytes does a handshake need, what is in a frame, what does a browser make of it?",
    lambda profile: iter(()),
    observed_s=14.0,
)
