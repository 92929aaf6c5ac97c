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
        "answer",
        "The answer in one picture",
        "How late is a message, and how many bytes does it cost?",
        {
            "latency_and_overhead": "The lower left corner is best. The poll interval moves polling along its line.",
        },
    ),
    Part(
        "bytes",
        "What requests cost",
        "Each request carries headers and cookies. How many bytes is that per message?",
        {
            "bytes_per_delivery": "Grey is the message. Everything else is there because of the transport.",
            "bytes_wrapped": "The same over TLS, and compressed. Compare each bar with its own transport in the other "
            "blocks.",
            "overhead_over_rate": "Polling's line falls, because one poll collects several messages when they are "
            "frequent. Where two lines cross, another transport becomes the cheaper one.",
            "message_over_rate": "The same for latency, requests and the server's work.",
        },
    ),
    Part(
        "classic",
        "The classic figures, audited",
        "A poll of 871 bytes against a frame of 2, 500 : 1 or even 1000 : 1. What do these figures count?",
        {
            "quantum_leap": "Each line counts one thing more. Which one changes the ratio most?",
            "heads_compressed": "HTTP/2 sends headers once, and then only what has changed.",
            "server_sent_events": "A fourth transport: events in one long response.",
        },
    ),
    Part(
        "time",
        "Where the time goes",
        "Do those bytes delay messages, or is it the waiting?",
        {
            "latency_distribution": "With polling, a message waits for the next poll: up to a whole interval.",
            "latency_tail": "How late the latest messages are. Both axes are logarithmic.",
            "latency_over_round_trip": "Points are measured. Lines are the model: waiting and round trips, "
            "nothing fitted.",
            "held_requests": "Where a point lies in the grey band, there is nothing to gain by a WebSocket.",
            "latency_split": "The parts add up to the measured mean. Black is unexplained.",
            "header_bytes_over_link_rate": "How much long headers delay a message, over the link's rate.",
        },
    ),
    Part(
        "packets",
        "On a path of real packets",
        "Packets are lost, windows begin small, and queues fill. Whose messages wait?",
        {
            "latency_over_loss": "Polling hides a lost packet within its interval. The others cannot hide it.",
            "behind_a_lost_packet": "TCP delivers in order: what comes behind a lost packet waits with it.",
            "round_trips_by_size": "Each step is a round trip more. A busy connection has no steps left.",
            "beside_an_upload": "A request goes up through the queue. A pushed message comes down past it.",
        },
    ),
    Part(
        "connections",
        "What one lasting connection changes",
        "A WebSocket opens once; then both sides send. What does that cost and save?",
        {
            "cost_of_a_connection": "What a client pays once to connect, and what a new connection for each "
            "request adds.",
            "sending": "From client to server: a request around each message, or a frame.",
            "both_ways": "A game of four: each sends, and sees what the others send.",
            "recovery_after_a_break": "Each point is a run in which the server or the link failed.",
        },
    ),
    Part(
        "choice",
        "Which transport to use",
        "What does it cost the server, and which transport is the cheapest that is fast enough?",
        {
            "latency_and_cpu_over_clients": "Where points leave their dashed line, this machine is at its limit.",
            "cores_over_clients": "Two processes share the machine, so the load generator has a limit, too.",
            "deliveries_over_processes": "Past one core: processes that share the ports, and a feed in Redis.",
            "which_transport": "Find your message rate and your latency target. The colour is the answer.",
        },
    ),
)
