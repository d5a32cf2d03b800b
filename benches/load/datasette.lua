-- Datasette's write API: one row a request, upserted by its primary key, the e-mail.

local folder = debug.getinfo(1, "S").source:match("^@(.*/)")
local common = dofile(folder .. "common.lua")

function request()
  local email, title = common.person()
  return wrk.format("POST", "/peer/contact/-/upsert", nil, string.format(
    '{"rows": [{"primary_email": "%s", "title": "%s"}]}', email, title))
end

init = common.start
done = common.done
