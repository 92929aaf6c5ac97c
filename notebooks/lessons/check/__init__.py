"""The check cells of the lessons, a file each: what an answer is held against, and what helps where it is wrong."""

from lessons.check.lesson_1 import empty_polls as empty_polls
from lessons.check.lesson_1 import fast_enough as fast_enough
from lessons.check.lesson_1 import frame_headers as frame_headers
from lessons.check.lesson_1 import worst_long_poll as worst_long_poll
from lessons.check.lesson_2 import cheap_polling as cheap_polling
from lessons.check.lesson_2 import megabytes_a_day as megabytes_a_day
from lessons.check.lesson_2 import ratio_on_ip as ratio_on_ip
from lessons.check.lesson_2 import share_of_empty_polls as share_of_empty_polls
from lessons.check.lesson_3 import first_upload as first_upload
from lessons.check.lesson_3 import half_as_late_again as half_as_late_again
from lessons.check.lesson_3 import link_of as link_of
from lessons.check.lesson_3 import longest_interval as longest_interval
from lessons.check.lesson_3 import seldom as seldom
from lessons.check.lesson_4 import accept as accept
from lessons.check.lesson_4 import closing as closing
from lessons.check.lesson_4 import frame as frame
from lessons.check.lesson_4 import header_bytes as header_bytes
from lessons.check.lesson_5 import bracket as bracket
from lessons.check.lesson_5 import cores as cores
from lessons.check.lesson_5 import cores_by_websocket as cores_by_websocket
from lessons.check.lesson_5 import one_after_another as one_after_another
from lessons.check.lesson_6 import another as another
from lessons.check.lesson_6 import by_rate as by_rate
from lessons.check.lesson_6 import cheapest as cheapest
