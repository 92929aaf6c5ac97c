-- The epoch of the feed, and its newest seq. A new feed begins if there is none. It also begins if the feed is of another
-- run of Redis, which may have lost messages; not so if every write is durable.
-- KEYS: the stream, the feed's state. ARGV: an epoch for a new feed, whether every write is durable (1 or 0).
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local state = redis.call('HMGET', KEYS[2], 'epoch', 'run_id')
if not state[1] or (state[2] ~= run_id and ARGV[2] == '0') then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'newest', 0, 'bytes', 0)
end
redis.call('HSET', KEYS[2], 'run_id', run_id)
return redis.call('HMGET', KEYS[2], 'epoch', 'newest')
