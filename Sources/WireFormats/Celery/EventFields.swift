/// Where the members of one event stand in its text.
///
/// `type` comes last in what Celery writes, so all members are found before the event is built.
struct EventFields {
    var type = JsonSlice.absent
    var hostname = JsonSlice.absent
    var timestamp = JsonSlice.absent
    var utcoffset = JsonSlice.absent
    var pid = JsonSlice.absent
    var clock = JsonSlice.absent
    var uuid = JsonSlice.absent
    var name = JsonSlice.absent
    var args = JsonSlice.absent
    var kwargs = JsonSlice.absent
    var rootID = JsonSlice.absent
    var parentID = JsonSlice.absent
    var retries = JsonSlice.absent
    var eta = JsonSlice.absent
    var expires = JsonSlice.absent
    var queue = JsonSlice.absent
    var exchange = JsonSlice.absent
    var routingKey = JsonSlice.absent
    var result = JsonSlice.absent
    var runtime = JsonSlice.absent
    var exception = JsonSlice.absent
    var traceback = JsonSlice.absent
    var terminated = JsonSlice.absent
    var signum = JsonSlice.absent
    var expired = JsonSlice.absent
    var requeue = JsonSlice.absent
    var freq = JsonSlice.absent
    var active = JsonSlice.absent
    var processed = JsonSlice.absent
    var loadavg = JsonSlice.absent
    var software = JsonSlice.absent
    var version = JsonSlice.absent
    var platform = JsonSlice.absent

    /// A member with a name that is none of the above.
    struct Extra {
        var name: JsonSlice
        var value: JsonSlice
    }

    /// Walks over one event.
    ///
    /// - Parameters:
    ///   - depth: nesting of the event's object.
    ///   - extras: gets the other members, at most `CeleryLimits.maxExtraFields`.
    @inline(__always)
    static func scan(
        _ scanner: inout JsonScanner, depth: Int, extras: inout [Extra]
    ) throws(JsonError) -> EventFields {
        var fields = EventFields()
        try scanner.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try scanner.nextName(&isFirst) {
            let value = try scanner.scanValue(depth: depth + 1)
            if !fields.keep(name, value, scanner), extras.count < CeleryLimits.maxExtraFields {
                extras.append(Extra(name: name, value: value))
            }
        }
        return fields
    }

    /// Stores a member under its name; false if the name is none of ours.
    @inline(__always)
    private mutating func keep(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        switch name.count {
        case 4: keep4(name, value, scanner)
        case 7: keep7(name, value, scanner)
        case 8: keep8(name, value, scanner)
        case 9: keep9(name, value, scanner)
        default: keepOther(name, value, scanner)
        }
    }

    @inline(__always)
    private mutating func keep4(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "uuid") {
            uuid = value
        } else if scanner.matches(name, "type") {
            type = value
        } else if scanner.matches(name, "name") {
            self.name = value
        } else if scanner.matches(name, "args") {
            args = value
        } else if scanner.matches(name, "freq") {
            freq = value
        } else {
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func keep7(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "root_id") {
            rootID = value
        } else if scanner.matches(name, "retries") {
            retries = value
        } else if scanner.matches(name, "expires") {
            expires = value
        } else if scanner.matches(name, "runtime") {
            runtime = value
        } else if scanner.matches(name, "loadavg") {
            loadavg = value
        } else if scanner.matches(name, "expired") {
            expired = value
        } else if scanner.matches(name, "requeue") {
            requeue = value
        } else {
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func keep8(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "hostname") {
            hostname = value
        } else if scanner.matches(name, "exchange") {
            exchange = value
        } else if scanner.matches(name, "sw_ident") {
            software = value
        } else {
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func keep9(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "timestamp") {
            timestamp = value
        } else if scanner.matches(name, "utcoffset") {
            utcoffset = value
        } else if scanner.matches(name, "parent_id") {
            parentID = value
        } else if scanner.matches(name, "processed") {
            processed = value
        } else if scanner.matches(name, "exception") {
            exception = value
        } else if scanner.matches(name, "traceback") {
            traceback = value
        } else {
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func keepOther(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "pid") {
            pid = value
        } else if scanner.matches(name, "clock") {
            clock = value
        } else if scanner.matches(name, "kwargs") {
            kwargs = value
        } else if scanner.matches(name, "eta") {
            eta = value
        } else if scanner.matches(name, "result") {
            result = value
        } else if scanner.matches(name, "queue") {
            queue = value
        } else if scanner.matches(name, "routing_key") {
            routingKey = value
        } else {
            return keepRare(name, value, scanner)
        }
        return true
    }

    private mutating func keepRare(
        _ name: JsonSlice, _ value: JsonSlice, _ scanner: borrowing JsonScanner
    ) -> Bool {
        if scanner.matches(name, "active") {
            active = value
        } else if scanner.matches(name, "sw_ver") {
            version = value
        } else if scanner.matches(name, "sw_sys") {
            platform = value
        } else if scanner.matches(name, "signum") {
            signum = value
        } else if scanner.matches(name, "terminated") {
            terminated = value
        } else {
            return false
        }
        return true
    }
}
