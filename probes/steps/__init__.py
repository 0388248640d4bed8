"""The steps on the wire, one module a protocol, one attempt a call: nothing here retries or decides."""
