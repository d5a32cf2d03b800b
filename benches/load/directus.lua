-- Directus has no upsert: what is there is patched by its primary key, what is not is created.

local folder = debug.getinfo(1, "S").source:match("^@(.*/)")
local common = dofile(folder .. "common.lua")

function request()
  local email, title, id = common.person()
  if id then
    return wrk.format("PATCH", "/items/contact/" .. id, nil, string.format('{"title": "%s"}', title))
  end
  return wrk.format("POST", "/items/contact", nil, string.format(
    '{"primary_email": "%s", "title": "%s"}', email, title))
end

init = common.start
done = common.done
