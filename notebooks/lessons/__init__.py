"""What only lessons need: servers from a cell, exchanges in colour, runs and observations, figures, sliders, checks."""

import pandas

from lessons import bits as bits
from lessons import check as check
from lessons import choosing as choosing
from lessons import costs as costs
from lessons import late as late
from lessons import load as load
from lessons import telling as telling
from lessons import traps as traps
from lessons import weighing as weighing
from lessons.exchange import Exchange as Exchange
from lessons.exchange import split as split
from lessons.history import history as history
from lessons.listings import difference as difference
from lessons.listings import source as source
from lessons.measure import measure as measure
from lessons.observing import observed as observed
from lessons.pictures import figure as figure
from lessons.recorded import classic as classic
from lessons.recorded import reference as reference
from lessons.recorded import runs_of as runs_of
from lessons.recorded import verdict as verdict
from lessons.sequence import sequence as sequence
from lessons.servers import start_servers as start_servers
from lessons.watch import watch as watch
from lessons.wire import Bare as Bare
from lessons.wire import seats as seats

pandas.set_option("display.max_colwidth", None)  # a sentence in a table is shown whole
