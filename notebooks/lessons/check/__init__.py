"""The check cells of the lessons, a file each: what an answer is held against, and what helps where it is wrong."""

from lessons.check.five import bracket as bracket
from lessons.check.five import cores as cores
from lessons.check.five import cores_by_websocket as cores_by_websocket
from lessons.check.five import one_after_another as one_after_another
from lessons.check.four import accept as accept
from lessons.check.four import closing as closing
from lessons.check.four import frame as frame
from lessons.check.four import header_bytes as header_bytes
from lessons.check.one import empty_polls as empty_polls
from lessons.check.one import fast_enough as fast_enough
from lessons.check.one import frame_headers as frame_headers
from lessons.check.one import worst_long_poll as worst_long_poll
from lessons.check.six import another as another
from lessons.check.six import by_rate as by_rate
from lessons.check.six import cheapest as cheapest
from lessons.check.three import half_as_late_again as half_as_late_again
from lessons.check.three import link_of as link_of
from lessons.check.three import longest_interval as longest_interval
from lessons.check.three import seldom as seldom
from lessons.check.two import cheap_polling as cheap_polling
from lessons.check.two import megabytes_a_day as megabytes_a_day
from lessons.check.two import ratio_on_ip as ratio_on_ip
from lessons.check.two import share_of_empty_polls as share_of_empty_polls
