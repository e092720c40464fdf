-- Slurm asks the twin about every job that wants GPUs, before it is queued.
--
-- Put this file beside slurm.conf and set JobSubmitPlugins=lua. Settings stand in twin.conf
-- beside it (docs/guide/slurm.md) and are read at each submission. slurmctld runs this under
-- its locks, so it never waits longer than timeout_s; whatever goes wrong, the job passes.

local defaults = {
   url = "http://127.0.0.1:8050", -- of the twin; plain HTTP on loopback or a trusted network
   token_file = "",               -- with a token of role scheduler; none needed on a trusted loopback
   timeout_s = "0.2",             -- for everything: connect, ask, answer
   max_age_s = "30",              -- older telemetry gives no advice
   reject = "impossible",         -- never | impossible | infeasible
}

local HERE = (debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or ".") .. "/"
local LONGEST_COMMENT = 500

-- JSON ---------------------------------------------------------------------------------------

local ESCAPED = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function quoted(text)
   local function hex(c) return string.format("\\u%04x", c:byte()) end
   return '"' .. text:gsub('[%c"\\]', hex) .. '"'
end

local decode

local function decode_string(text, at)
   local parts = {}
   while true do
      local stop = assert(text:find('["\\]', at), "unfinished text")
      parts[#parts + 1] = text:sub(at, stop - 1)
      if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
      local mark = text:sub(stop + 1, stop + 1)
      if mark == "u" then
         local code = assert(tonumber(text:sub(stop + 2, stop + 5), 16), "bad escape")
         parts[#parts + 1] = code < 128 and string.char(code) or "?"
         at = stop + 6
      else
         parts[#parts + 1] = ESCAPED[mark] or mark
         at = stop + 2
      end
   end
end

local function decode_many(text, at, close, entry)
   at = text:match("^%s*()", at)
   if text:sub(at, at) == close then return at + 1 end
   while true do
      at = text:match("^%s*()", entry(text:match("^%s*()", at)))
      local mark = text:sub(at, at)
      if mark == close then return at + 1 end
      assert(mark == ",", "expected a comma")
      at = at + 1
   end
end

function decode(text, at)
   at = text:match("^%s*()", at or 1)
   local mark = text:sub(at, at)
   if mark == '"' then return decode_string(text, at + 1) end
   local found = {}
   if mark == "[" then
      return found, decode_many(text, at + 1, "]", function(from)
         local value, after = decode(text, from)
         found[#found + 1] = value
         return after
      end)
   end
   if mark == "{" then
      return found, decode_many(text, at + 1, "}", function(from)
         local key, after = decode_string(text, from + 1)
         found[key], after = decode(text, assert(text:match("^%s*:()", after), "expected a colon"))
         return after
      end)
   end
   local word, after = text:match("^([%w%.%+%-]+)()", at)
   assert(word, "expected a value")
   if word == "true" then return true, after end
   if word == "false" then return false, after end
   if word == "null" then return nil, after end
   return assert(tonumber(word), "expected a number"), after
end

-- Asking -------------------------------------------------------------------------------------

local function settings()
   local found = {}
   for key, value in pairs(defaults) do found[key] = value end
   local file = io.open(HERE .. "twin.conf")
   if file then
      for line in file:lines() do
         local key, value = line:gsub("%s+#.*$", ""):match("^%s*([%a_]+)%s*=%s*(.-)%s*$")
         if key then found[key] = value end
      end
      file:close()
   end
   return found
end

local function token_of(path)
   local file = path ~= "" and io.open(path)
   if not file then return nil end
   local token = file:read("*l")
   file:close()
   return token
end

-- Answers the decoded body of a 200, or raises. No step and not all of them last longer than
-- the deadline, however slowly the answer drips.
local function asked(set, body)
   local socket = require("socket")
   local host, port = set.url:match("^http://([^:/]+):?(%d*)")
   assert(host, "url: expected http://HOST:PORT")
   local deadline = socket.gettime() + tonumber(set.timeout_s)
   local tcp = assert(socket.tcp())
   local function left()
      tcp:settimeout(math.max(deadline - socket.gettime(), 0.001), "t")
      return tcp
   end
   local function talk()
      assert(left():connect(host, port ~= "" and tonumber(port) or 80))
      local token = token_of(set.token_file)
      local lines = {
         "POST /api/v1/steering HTTP/1.0",
         "Host: " .. host .. (port ~= "" and ":" .. port or ""),
         "Content-Type: application/json",
         "Content-Length: " .. #body,
      }
      if token then lines[#lines + 1] = "Authorization: Bearer " .. token end
      assert(left():send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body))
      return assert(left():receive("*a"))
   end
   local ok, answer = pcall(talk)
   tcp:close()
   assert(ok, answer)
   local status, content = answer:match("^HTTP/%d%.%d (%d+).-\r\n\r\n(.*)$")
   assert(status, "no answer that is HTTP")
   local told = decode(content)
   assert(status == "200", "answered " .. status .. ": " .. tostring(told.detail))
   return told
end

-- What the job wants -------------------------------------------------------------------------

local function number(value)
   if value == nil or value >= 4294967290 then return nil end -- NO_VAL and its relatives
   return value
end

-- "gres:gpu:h200:2,gres:shard:1" -> 2
local function gpus_in(tres)
   local total = 0
   for part in (tres or ""):gmatch("[^,]+") do
      local rest = part:gsub("^gres[:/]", ""):match("^gpu(.*)$")
      if rest and (rest == "" or rest:match("^[:=(]")) then
         total = total + (tonumber(rest:gsub("%(.*$", ""):match("[:=](%d+)$")) or 1)
      end
   end
   return total
end

local function wish(job)
   local nodes = math.max(number(job.min_nodes) or 1, 1)
   local per_node = gpus_in(job.tres_per_node)
   if per_node > 0 then return per_node * nodes, per_node, nodes end
   local per_job = gpus_in(job.tres_per_job)
   if per_job > 0 then return per_job, nil, nodes end
   local per_task = gpus_in(job.tres_per_task)
   return per_task * math.max(number(job.num_tasks) or 1, 1), nil, nodes
end

local function request(set, job, gpus, per_node)
   local minutes = number(job.time_limit)
   local parts = {
      '"job":' .. quoted((job.name or "slurm"):sub(1, 200)),
      '"gpus":' .. string.format("%d", gpus),
      '"limit":1',
      '"max_age_s":' .. set.max_age_s,
   }
   if per_node then parts[#parts + 1] = '"gpus_per_node":' .. string.format("%d", per_node) end
   if minutes and minutes > 0 then
      parts[#parts + 1] = '"duration_s":' .. string.format("%d", minutes * 60)
   end
   return "{" .. table.concat(parts, ",") .. "}"
end

-- Nodes --------------------------------------------------------------------------------------

-- "a[1-3,07],b" -> {a1 = true, a2 = true, a3 = true, a07 = true, b = true}
local function expanded(hostlist)
   local function guarded(inner) return (inner:gsub(",", ";")) end
   local found = {}
   for entry in (hostlist or ""):gsub("%b[]", guarded):gmatch("[^,]+") do
      local prefix, inner, suffix = entry:match("^(.-)%[(.-)%](.*)$")
      if not prefix then
         found[entry] = true
      else
         for part in inner:gmatch("[^;]+") do
            local low, high = part:match("^(%d+)%-(%d+)$")
            low, high = low or part, high or part
            for n = tonumber(low), tonumber(high) do
               found[prefix .. string.format("%0" .. #low .. "d", n) .. suffix] = true
            end
         end
      end
   end
   return found
end

-- The nodes that the job may be given: those of its partitions, or of all it may use.
local function within_reach(job, partitions)
   local wanted = {}
   for name in (job.partition or ""):gmatch("[^,]+") do wanted[name] = true end
   local found = {}
   for name, partition in pairs(partitions) do
      local mine = next(wanted) and wanted[name]
         or not next(wanted) and partition.flag_default ~= 0
      if mine then
         for node in pairs(expanded(partition.nodes)) do found[node] = true end
      end
   end
   return found
end

local function sorted(set)
   local names = {}
   for name in pairs(set) do names[#names + 1] = name end
   table.sort(names)
   return names
end

-- Returns what to leave out of the nodes at hand, and how many stay.
local function left_out(job, avoid, partitions)
   local reach, mine, stay = within_reach(job, partitions), {}, 0
   local already = expanded(job.exc_nodes)
   for node in pairs(reach) do
      if avoid[node] and not already[node] then
         mine[node] = avoid[node]
      elseif not already[node] then
         stay = stay + 1
      end
   end
   return mine, stay
end

-- The plugin ---------------------------------------------------------------------------------

local function noted(job, text)
   text = text:sub(1, LONGEST_COMMENT)
   job.admin_comment = text
   slurm.log_info("job_submit: %s", text)
end

local function steered(job, partitions)
   local gpus, per_node, nodes = wish(job)
   if gpus == 0 then return slurm.SUCCESS end
   local set = settings()
   local told = asked(set, request(set, job, gpus, per_node))
   if set.reject ~= "never" and not told.possible
      or set.reject == "infeasible" and not told.stale and #told.advice == 0 then
      slurm.log_user("twin: no place for %d GPUs: %s", gpus, told.why)
      slurm.log_info("job_submit: twin: rejected, %d GPUs: %s", gpus, told.why)
      return slurm.ERROR
   end
   if told.stale then
      noted(job, "twin: no advice: " .. told.why)
      return slurm.SUCCESS
   end
   if job.req_nodes and job.req_nodes ~= "" then
      noted(job, "twin: nodes were chosen at submission")
      return slurm.SUCCESS
   end
   local best = told.advice[1]
   local why = best and "best " .. table.concat(best.nodes, ",") .. ": " .. (best.reasons[2] or "")
      or "no place now: " .. told.why
   local mine, stay = left_out(job, told.avoid, partitions)
   local names = sorted(mine)
   if #names == 0 or stay < nodes then
      noted(job, "twin: " .. why)
      return slurm.SUCCESS
   end
   local user = job.exc_nodes
   local list = table.concat(names, ",")
   job.exc_nodes = (user and user ~= "") and user .. "," .. list or list
   noted(job, "twin: avoid " .. list .. " (" .. mine[names[1]] .. "); " .. why)
   return slurm.SUCCESS
end

function slurm_job_submit(job, partitions, uid)
   local ok, result = pcall(steered, job, partitions)
   if ok then return result end
   local why = tostring(result):gsub("%S+%.lua:%d+: ", "")
   pcall(noted, job, "twin: no advice: " .. why)
   return slurm.SUCCESS
end

function slurm_job_modify(job, record, partitions, uid)
   return slurm.SUCCESS
end

return slurm.SUCCESS
