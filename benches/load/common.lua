-- What every script here shares: the people that there are, and one line of JSON at the end.
-- wrk is given: what to ask for, the file of people (`id<TAB>e-mail` a line), and headers as `Name: value`.

local common = { ids = {}, emails = {} }

-- The same requests in the same order in each run.
math.randomseed(7)

function common.start(arguments)
  for line in io.lines(arguments[2]) do
    local id, email = line:match("^(%S+)\t(%S+)$")
    common.ids[#common.ids + 1] = id
    common.emails[#common.emails + 1] = email
  end
  for index = 3, #arguments do
    local name, value = arguments[index]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  wrk.headers["Content-Type"] = "application/json"
end

function common.any(list)
  return list[math.random(#list)]
end

-- A person to write: nine of ten are there already. The title is always another.
local written = 0
local run = tostring(os.time())
function common.person()
  written = written + 1
  local title = "Title " .. run .. "-" .. written
  if math.random(10) > 1 then
    local place = math.random(#common.emails)
    return common.emails[place], title, common.ids[place]
  end
  return "new" .. run .. "-" .. written .. "@load.example", title, nil
end

function common.done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "failed": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

return common
