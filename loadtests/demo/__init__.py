"""The live demonstration in a browser: servers, a link with a tap in front of each, and the stage that shows them.

    browser                      stage :5010              link + tap :5011 …        servers, one process
      |  the race page              |                          |                        |
      |---------------------------->|                          |                        |
      |  a frame for each lane      |                          |                        |
      |------------------------------------------------------->| delay, rate, cuts      |
      |                             |                          |----------------------->| lane.html, /messages
      |                             |<---- bytes by heading ---|                        |
      |<-- bytes, model, settings --|                          |                        |
      |  to each frame: its bytes   |                          |                        |

Each lane is a page of its own server, so that a browser lets it ask there. It measures its latencies itself.
"""
