/**
 * Every bound of the page in one place. The gateway is trusted to be well meant, not to be right: whatever it
 * sends, memory and work per frame stay bounded.
 */
export const Limits = Object.freeze({
  /** Longest frame that is parsed, in UTF-16 units. The gateway promises 64 KiB frames; REST-size slack on top. */
  frameCharacters: 1_048_576,
  /** Most rows one whole topic may hold here. Topics are small by design; `tasks` comes by windows. */
  rowsPerTopic: 20_000,
  /** Most rows a window may hold (R22). */
  rowsPerWindow: 200,
  /** Requests in flight, as the server counts them (`inflight`). */
  requestsInFlight: 32,
  /** A request without an answer is given up after this many milliseconds. */
  requestTimeoutMilliseconds: 15_000,
  /** Silence after which a connection counts as dead (R49). */
  silenceMilliseconds: 25_000,
  /** A socket that is not `live` this long after the attempt began is given up. */
  handshakeMilliseconds: 10_000,
  /** Age of the data beyond which the picture is called stale (R30). */
  staleMilliseconds: 5_000,
  /** Acknowledgements leave at most this often (R45: 10 per second). */
  ackIntervalMilliseconds: 100,
  /** Samples kept per sparkline; older ones fall off. */
  historySamples: 150,
  /** Distinct sparkline series kept. */
  historySeries: 400,
  /** Characters of one wire text that are put on the page in one node. */
  textCharacters: 20_000,
  /** Outcomes kept in the tray. */
  outcomes: 6,
  /** Longest JSON text the run dialog takes for args or kwargs (R10: 48 KiB). */
  argumentCharacters: 48_000,
  /** Most purged messages put back by one command, as the gateway takes it. */
  restored: 10_000,
  /** Most tasks in one group, chord or chain, as the gateway takes them. */
  signatures: 500,
});
