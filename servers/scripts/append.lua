-- Append a message; false if the feed has another epoch. Redis forgets scripts when it restarts, and publishers never send
-- this one along: so they learn of a restart, and join again, before they append.
-- KEYS: the stream, the feed's state. ARGV: the epoch, the data as JSON, the message's key, how many messages are kept,
-- and of how many bytes.
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then return false end
local seq = redis.call('HINCRBY', KEYS[2], 'newest', 1)
local now = redis.call('TIME')
local encoded = string.format('{"seq":%d,"published_at":%s.%06d,"data":', seq, now[1], now[2]) .. ARGV[2] .. '}'
redis.call('XADD', KEYS[1], seq .. '-0', 'epoch', ARGV[1], 'message', encoded, 'key', ARGV[3])
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', #encoded)
local kept = redis.call('XLEN', KEYS[1])
while kept > tonumber(ARGV[4]) or (bytes > tonumber(ARGV[5]) and kept > 1) do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  redis.call('XDEL', KEYS[1], oldest[1])
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -#oldest[2][4])
  kept = kept - 1
end
return {seq, encoded}
