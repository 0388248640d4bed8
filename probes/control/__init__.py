"""An outside control of one's own: OONI's test-helper protocol, served from beyond the network that is measured.

`protocol` is shared with the client (`probes.outside`); `measure` and `page` look, `server` answers.
"""
