/// What Redis does with single messages, each script as one step that no worker can come between.
///
/// A worker takes a message by popping it, and nothing can claim one before that. So a script acts on a
/// message only if it still waits, and the marker of its command (`KEYS[1]`) tells a repetition after a
/// broken connection that the first try had arrived.
enum MessageScripts {
    /// Looks for a message from the end at which consumers take them, and removes it if told to.
    ///
    /// `KEYS`: the marker, then the queue's lists, most urgent first, and for `aside` as many lists of the trash.
    /// `ARGV`: 1 what to do (`look`, `delete`, or `aside`: to the trash), 2 messages to pass over, 3 and 4 messages and bytes to look at, 5 above how many bytes only
    /// the end is searched, 6 how many that are, 7 messages to read at a time, 8 the marker's seconds, 9 above how
    /// many bytes only the end is answered, 10 what is looked for (`tag` or `digest`), 11 its text, 12 milliseconds
    /// in the trash, 13 … that text as JSON may write it.
    ///
    /// Answers `{'done', marker}` if there is one, `{'found', place of the list, bytes, message or its end}`,
    /// `{'more', messages to pass over}` or `{'none'}`.
    static let find = """
        local known = redis.call('GET', KEYS[1])
        if known then return {'done', known} end
        local lists = ARGV[1] == 'aside' and (#KEYS - 1) / 2 or #KEYS - 1
        local skip, most, budget = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local whole, ending = tonumber(ARGV[5]), tonumber(ARGV[6])
        local size = ARGV[10] == 'digest' and tonumber(string.match(ARGV[11], '^%d+'))
        local hash = size and string.match(ARGV[11], '%x+$')

        local function tag(text)
          local right, envelope = pcall(cjson.decode, text)
          if not right or type(envelope) ~= 'table' then return nil end
          return type(envelope.properties) == 'table' and envelope.properties.delivery_tag
        end
        local function properties(text)
          local place, last = 0, nil
          repeat
            place = string.find(text, '"properties"', place + 1, true)
            last = place or last
          until not place
          return last and '{' .. string.sub(text, last)
        end
        local function is_meant(message)
          if size then return #message == size and redis.sha1hex(message) == hash end
          local text = message
          if #message > whole then text = string.sub(message, -ending) end
          for form = 13, #ARGV do
            if string.find(text, ARGV[form], 1, true) then
              local found = #message <= whole and tag(text) or nil
              if found == nil then
                text = properties(text)
                found = text and tag(text)
              end
              return found == ARGV[11]
            end
          end
          return false
        end

        local function remove(list, message)
          if ARGV[1] == 'aside' then
            redis.call('LPUSH', KEYS[list + lists], message)
            redis.call('PEXPIRE', KEYS[list + lists], ARGV[12])
          end
          redis.call('LREM', KEYS[list], -1, message)
          local counts = {}
          for i = 1, lists do counts[i] = i == list - 1 and 1 or 0 end
          redis.call('SET', KEYS[1], 'purged ' .. table.concat(counts, ' '), 'EX', ARGV[8])
        end

        local passed, seen, bytes, reading = 0, 0, 0, 1
        for list = 2, lists + 1 do
          local length = redis.call('LLEN', KEYS[list])
          local from = math.max(0, skip - passed)
          while from < length do
            if seen >= most or bytes >= budget then return {'more', tostring(passed + from)} end
            local count = math.min(reading, tonumber(ARGV[7]), length - from, most - seen)
            local some = redis.call('LRANGE', KEYS[list], -from - count, -from - 1)
            for index = #some, 1, -1 do
              local message = some[index]
              bytes = bytes + #message
              if is_meant(message) then
                if ARGV[1] ~= 'look' then remove(list, message) end
                local answer = message
                if #message > tonumber(ARGV[9]) then answer = string.sub(message, -ending) end
                return {'found', tostring(list - 1), tostring(#message), answer}
              end
            end
            from, seen = from + count, seen + count
            -- Never many large ones: Redis copies them all before the first is looked at.
            reading = math.max(1, math.floor((budget - bytes) * seen / math.max(1, bytes)))
          end
          passed = passed + length
        end
        return {'none'}
        """

    /// Puts a message, changed, behind those of another list.
    ///
    /// `KEYS`: the marker, the list in which it waits, the other list. `ARGV`: the message, the changed
    /// message, the marker's seconds. The other list comes first: if it cannot take the message, the script ends
    /// there and nothing has changed.
    ///
    /// Answers 1, 0 if the message does not wait there any more, or 2 if the marker is there.
    static let move = """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 2 end
        redis.call('LPUSH', KEYS[3], ARGV[2])
        if redis.call('LREM', KEYS[2], -1, ARGV[1]) == 0 then
          redis.call('LPOP', KEYS[3])
          return 0
        end
        redis.call('SET', KEYS[1], 'done', 'EX', ARGV[3])
        return 1
        """
}
