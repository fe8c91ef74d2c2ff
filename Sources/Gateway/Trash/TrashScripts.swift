/// What the broker does for `queue.purge` and `queue.restore`: each script does all of its part or
/// nothing, and leaves a mark (`KEYS[1]`) that answers a repetition of it.
///
/// Whatever can fail (a key that is no list, a broker without memory) fails before the first change.
enum TrashScripts {
    /// Moves the lists of a queue aside.
    ///
    /// - `KEYS`: the mark, the lists, their places in the trash.
    /// - `ARGV`: most messages (-1: no bound), milliseconds to keep them (0: throw them away), seconds of
    ///   the mark.
    /// - Answers the mark `purged <count of each list>`, or the number of messages if it is too high.
    static let purge = """
        local known = redis.call('GET', KEYS[1])
        if known then return known end
        local lists = (#KEYS - 1) / 2
        local counts, total = {}, 0
        for i = 1, lists do
          counts[i] = redis.call('LLEN', KEYS[1 + i])
          total = total + counts[i]
        end
        local most = tonumber(ARGV[1])
        if most >= 0 and total > most then return total end
        for i = 1, lists do
          local list, trash = KEYS[1 + i], KEYS[1 + lists + i]
          if counts[i] > 0 and ARGV[2] == '0' then
            redis.call('UNLINK', list)
          elseif counts[i] > 0 then
            redis.call('RENAME', list, trash)
            redis.call('PEXPIRE', trash, ARGV[2])
          end
        end
        local mark = 'purged ' .. table.concat(counts, ' ')
        redis.call('SET', KEYS[1], mark, 'EX', ARGV[3])
        return mark
        """

    /// Begins every script that puts messages back.
    ///
    /// - `KEYS`: the mark, then for each step the list, its trash, the edge and a spare list. The edge is
    ///   the newest message of this trash that was put back before: what is put back now is newer than
    ///   that and older than all else, so it goes between. Ends of a list: left the newest, right the next.
    /// - `ARGV[1]`: seconds of the mark.
    private static let beginning = """
        local known = redis.call('GET', KEYS[1])
        if known then return known end
        local steps = (#KEYS - 1) / 4
        local held, moved, total = {}, {}, 0
        local function keys(i)
          local first = 2 + (i - 1) * 4
          return KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3]
        end
        for i = 1, steps do
          local list, trash = keys(i)
          redis.call('LLEN', list)
          held[i] = redis.call('LLEN', trash)
          moved[i] = 0
          total = total + held[i]
        end
        if total == 0 then return 'gone' end
        local function open(i)
          local list, _, edge, spare = keys(i)
          local first = redis.call('GET', edge)
          if not first then return end
          local passed = 0
          while passed < \(TrashLimits.soughtAtOnce) do
            local some = redis.call(
              'LRANGE', list, -passed - \(TrashLimits.piece), -passed - 1)
            for j = #some, 1, -1 do
              passed = passed + 1
              if some[j] == first then
                for _ = 1, passed do redis.call('RPOPLPUSH', list, spare) end
                return
              end
            end
            if #some < \(TrashLimits.piece) then return end
          end
        end
        local function close(i)
          local list, _, _, spare = keys(i)
          local message = redis.call('LPOP', spare)
          while message do
            redis.call('RPUSH', list, message)
            message = redis.call('LPOP', spare)
          end
        end
        local function finish(isDone)
          local left = {}
          for i = 1, steps do
            local _, trash, edge = keys(i)
            left[i] = redis.call('LLEN', trash)
            if left[i] == 0 then redis.call('DEL', edge) end
          end
          local mark = 'restored ' .. table.concat(moved, ' ') .. ' left '
            .. table.concat(left, ' ') .. (isDone(left) and ' done' or ' more')
          redis.call('SET', KEYS[1], mark, 'EX', ARGV[1])
          return mark
        end

        """

    /// Puts everything back, from the newest on: in between, what came back is in order.
    ///
    /// - Answers the mark `restored <counts> left <counts> done|more`, or `gone`.
    static let restoreAll =
        beginning + """
            local room, bytes = \(TrashLimits.restoredAtOnce), \(TrashLimits.restoredBytesAtOnce)
            for i = 1, steps do
              local list, trash = keys(i)
              if held[i] > 0 and redis.call('EXISTS', list) == 0 then
                redis.call('RENAME', trash, list)
                redis.call('PERSIST', list)
                moved[i] = held[i]
              elseif held[i] > 0 and room > 0 and bytes > 0 then
                open(i)
                while moved[i] < held[i] and room > 0 and bytes > 0 do
                  local count = math.min(\(TrashLimits.piece), room)
                  local some = redis.call('LRANGE', trash, 0, count - 1)
                  for j = 1, #some do bytes = bytes - #some[j] end
                  redis.call('RPUSH', list, unpack(some))
                  redis.call('LTRIM', trash, #some, -1)
                  moved[i] = moved[i] + #some
                  room = room - #some
                end
                close(i)
              end
            end
            return finish(function(left)
              for i = 1, steps do if left[i] > 0 then return false end end
              return true
            end)
            """

    /// Puts the `ARGV[2]` messages back that would have been next.
    ///
    /// - Answers as ``restoreAll``.
    static let restoreFirst =
        beginning + """
            local wanted, bytes = tonumber(ARGV[2]), \(TrashLimits.restoredBytesAtOnce)
            if wanted > total then wanted = total end
            for i = 1, steps do
              local _, trash, edge, spare = keys(i)
              local part = math.min(wanted, held[i])
              if part > 0 and bytes > 0 then
                local life = redis.call('PTTL', trash)
                open(i)
                while moved[i] < part and bytes > 0 do
                  bytes = bytes - #redis.call('RPOPLPUSH', trash, spare)
                  moved[i] = moved[i] + 1
                end
                wanted = wanted - moved[i]
                redis.call('SET', edge, redis.call('LINDEX', spare, 0), 'PX', math.max(life, 1))
                close(i)
              end
            end
            return finish(function() return wanted == 0 end)
            """

    /// Puts certain messages back: `ARGV[2…]` are step, index from the left and SHA-1 of each, in order.
    ///
    /// - Answers as ``restoreAll``, or `moved` if a message is not where it was found.
    static let restoreFound =
        beginning + """
            local tomb, found = KEYS[1], {}
            for i = 1, steps do found[i] = {} end
            for a = 2, #ARGV, 3 do
              local i = tonumber(ARGV[a])
              local _, trash = keys(i)
              local message = redis.call('LINDEX', trash, ARGV[a + 1])
              if not message or redis.sha1hex(message) ~= ARGV[a + 2] then return 'moved' end
              table.insert(found[i], {ARGV[a + 1], message})
            end
            for i = 1, steps do
              local list, trash, edge = keys(i)
              if #found[i] > 0 then
                local life = redis.call('PTTL', trash)
                for _, entry in ipairs(found[i]) do redis.call('LSET', trash, entry[1], tomb) end
                redis.call('LREM', trash, 0, tomb)
                open(i)
                for _, entry in ipairs(found[i]) do redis.call('RPUSH', list, entry[2]) end
                redis.call('SET', edge, found[i][1][2], 'PX', math.max(life, 1))
                close(i)
                moved[i] = #found[i]
              end
            end
            return finish(function() return true end)
            """

    /// Looks for messages of certain tasks: those whose text holds one of the ids as an `"id"`.
    ///
    /// - `KEYS`: the list. `ARGV`: first and last index, bytes of an end, ids.
    /// - Answers index, SHA-1 and end of each message.
    static let find = """
        local wanted = {}
        for a = 4, #ARGV do wanted[ARGV[a]] = true end
        local first, last, found = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
        for start = first, last, \(TrashLimits.piece) do
          local some = redis.call(
            'LRANGE', KEYS[1], start, math.min(start + \(TrashLimits.piece) - 1, last))
          for j, message in ipairs(some) do
            for id in string.gmatch(message, '"id"%s*:%s*"([^"]*)"') do
              if wanted[id] then
                found[#found + 1] = start + j - 1
                found[#found + 1] = redis.sha1hex(message)
                found[#found + 1] = string.sub(message, -tonumber(ARGV[3]))
                break
              end
            end
          end
          if #some < \(TrashLimits.piece) then break end
        end
        return found
        """
}
