"""The charts in the order of the argument, and what is to be seen in each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A step of the argument: its title, what it asks, and its charts by name, each with what to see in it."""

    id: str
    title: str
    question: str
    charts: dict[str, str]


PARTS = (
    Part(
        "bytes",
        "What asking costs",
        "Each request carries headers and cookies. How many bytes are that, beside each message?",
        {
            "bytes_per_delivery": "Grey is the message. All that is stacked on it is there because of the transport.",
            "bytes_wrapped": "The same over TLS, and compressed. Compare each bar with that of its own transport "
            "above or below.",
            "overhead_over_rate": "Polling's line falls, since a poll brings several messages where they are "
            "frequent. Where two lines cross, the cheaper transport changes.",
            "message_over_rate": "The same for requests and for the server's work.",
        },
    ),
    Part(
        "classic",
        "The classic figures, audited",
        "A poll of 871 bytes against a frame of 2, 500 : 1 or even 1000 : 1: what is counted there, and what is not?",
        {
            "quantum_leap": "Each step counts one thing more. Look for the one that changes the order of magnitude.",
            "heads_compressed": "HTTP/2 sends a head once, and then only what has changed in it.",
            "server_sent_events": "A fourth transport for comparison, computed: events over one long response.",
        },
    ),
    Part(
        "time",
        "Where the time goes",
        "Do those bytes make messages late, or is it the waiting?",
        {
            "latency_distribution": "By polling, messages wait for the next poll: up to a whole interval.",
            "latency_tail": "The few that are later than the rest.",
            "latency_over_round_trip": "Points are measured. Lines are the model: waiting and round trips, and "
            "nothing fitted.",
            "latency_split": "The parts add up to what was measured. Black is left over.",
            "header_bytes_over_link_rate": "How much later long headers make a message, and at which rate of the link.",
        },
    ),
    Part(
        "connections",
        "What one lasting connection changes",
        "A WebSocket is opened once, and then either side speaks. What does that cost, and what does it bring?",
        {
            "cost_of_a_connection": "What is paid once, on joining, and what a connection for each request adds.",
            "sending": "The way up: a request around each message, or a frame.",
            "recovery_after_a_break": "Every point is a run in which the server or the link was taken away.",
        },
    ),
    Part(
        "choice",
        "Which one to take",
        "What does the server work, and who is the cheapest that is soon enough?",
        {
            "latency_and_cpu_over_clients": "Where a line leaves the others, this machine is at its limit.",
            "which_transport": "Find your message rate and the latency that you want: the colour is the answer.",
        },
    ),
)
