"""What the integration tests, the browser tests, the demo and the benchmarks share.

`process` runs programs in process groups that can be ended for sure, `redis_server`, `workers` and `gateway` are the real parts,
`client` is a client of the gateway's protocol, `stack` puts them together.
"""
