"""One run, its row, its validity and its floor; a comparison of many.

What the processes of one run say to each other, in lines of JSON on their standard input and output:

    measure_run              server                delay line              Locust and its workers
      | start                  |                       |                       |
      |<---- urls -------------|                       |                       |
      |<---- url --------------------------------------|  (with --rtt only)    |
      |----- follow: url ---------------------------------------------------->| clients connect
      |<---- ready -----------------------------------------------------------| each had its first response
      |----- window: [begin, end] -------------------------------------------->|
      |<---- scheduled --------------------------------------------------------| every worker knows
      |----- do: start ------->| publishes             |                       |
      |      warm-up           |                       |                       |
      |      window            |                       | cut, reset (outage)   | byte counters switch, twice
      |----- quiesce: seconds ------------------------------------------------>| clients send no more
      |<---- quiesced ---------------------------------------------------------|
      |----- do: stop -------->|                       |                       |
      |<---- stopped_at -------| newest seq            |                       |
      |----- drain: seq ------------------------------------------------------>| each leaves when it has all
      |<---- tally ------------------------------------------------------------|
      | end                    |                       |                       |
"""
