"""What only lessons need: servers from a cell, their source, the last run's figures, exchanges in colour."""

from lessons.exchange import Exchange as Exchange
from lessons.exchange import split as split
from lessons.listings import difference as difference
from lessons.listings import source as source
from lessons.pictures import figure as figure
from lessons.servers import start_servers as start_servers
