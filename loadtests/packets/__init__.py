"""A path of real packets between two network namespaces. Both ends run the kernel's TCP. It needs no root.

    near namespace            the path's process, in a third namespace             far namespace
    Locust, clients             AF_PACKET            AF_PACKET                      servers
      |                            |                    |                              |
      near0 ---- veth pair ---- mid-near             mid-far ---- veth pair ---- far0
      10.77.0.1                    |  up: queue, rate, loss, delay  |             10.77.0.2
                                   |------------------------------->|
                                   |<-------------------------------|
                                   |  down: the same, on its own    |

`direction` is the model of one direction, without devices; `devices` makes the namespaces; `path` moves the packets.
"""
