"""What only lessons need: servers from a cell, exchanges in colour, runs and observations, figures, sliders, checks."""

import pandas

from lessons import bits as bits
from lessons import broadcasting as broadcasting
from lessons import check as check
from lessons import choosing as choosing
from lessons import costs as costs
from lessons import latency as latency
from lessons import load as load
from lessons import notebook
from lessons import traps as traps
from lessons import weighing as weighing
from lessons.live.browser import Browser as Browser
from lessons.live.lost_packet import lost_packet as lost_packet
from lessons.live.measure import measure as measure
from lessons.live.pages import open_page as open_page
from lessons.live.pages import show as show
from lessons.live.servers import start_servers as start_servers
from lessons.live.watch import watch as watch
from lessons.live.wire import RawConnection as RawConnection
from lessons.live.wire import chat_clients as chat_clients
from lessons.observing import observed as observed
from lessons.shown.exchange import Exchange as Exchange
from lessons.shown.exchange import split as split
from lessons.shown.history import history as history
from lessons.shown.listings import difference as difference
from lessons.shown.listings import script as script
from lessons.shown.listings import source as source
from lessons.shown.pictures import figure as figure
from lessons.shown.recorded import classic as classic
from lessons.shown.recorded import reference as reference
from lessons.shown.recorded import runs_of as runs_of
from lessons.shown.recorded import verdict as verdict
from lessons.shown.sequence import sequence as sequence

pandas.set_option("display.max_colwidth", None)  # a sentence in a table is shown whole
notebook.prepare()
