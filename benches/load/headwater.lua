-- The record API: `constant`, `read` by id, `query` by e-mail, `assert` by e-mail.

local folder = debug.getinfo(1, "S").source:match("^@(.*/)")
local common = dofile(folder .. "common.lua")

local ask = {}

function ask.health()
  return wrk.format("GET", "/api/v2/health")
end

function ask.constant()
  return wrk.format("GET", "/api/local/key")
end

function ask.read()
  return wrk.format("GET", "/api/v2/contact/" .. common.any(common.ids))
end

function ask.query()
  return wrk.format("POST", "/api/v2/contact/_query", nil, string.format(
    '{"filters": [{"field": "primary_email", "operator": "eq", "value": "%s"}], "limit": 1}',
    common.any(common.emails)))
end

function ask.assert()
  local email, title = common.person()
  return wrk.format("POST", "/api/v2/contact/_assert", nil, string.format(
    '{"match": {"contact_emails": "%s"}, "attributes": {"title": "%s"}}', email, title))
end

function init(arguments)
  common.start(arguments)
  request = ask[arguments[1]]
end

done = common.done
