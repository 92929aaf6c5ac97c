"""The Flask application that the three servers share: queries, responses, posting, status, access control."""

from servers.app.application import App as App
from servers.app.application import new_app as new_app
from servers.app.posting import add_posting as add_posting
from servers.app.query import parse_query as parse_query
from servers.app.responses import answer as answer
