import Glibc

/// Runs a shell command with nothing on its standard input, and gives what it wrote.
///
/// Not by `Foundation.Process`: with many descriptors open, the suite's normal state, it reads
/// beyond the buffer in which it lists them, and AddressSanitizer ends the run.
func shell(_ command: String) throws -> [UInt8] {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw failure("pipe", errno) }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    // Sockets of other tests must not stay open because a child has them too.
    for descriptor: Int32 in 3..<16_384 where fcntl(descriptor, F_GETFD) >= 0 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    var words: [UnsafeMutablePointer<CChar>?] = [strdup("sh"), strdup("-c"), strdup(command), nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let result = posix_spawn(&child, "/bin/sh", &actions, nil, &words, environ)
    close(ends[1])
    guard result == 0 else { throw failure("posix_spawn", result) }
    defer { waitpid(child, nil, 0) }

    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(ends[0], &piece, piece.count), count > 0 {
        output += piece[..<count]
    }
    return output
}

private func failure(_ call: String, _ error: Int32) -> TestClient.Failure {
    TestClient.Failure(description: "\(call): errno \(error)")
}
