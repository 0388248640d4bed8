"""The server half of the simulated internet: say what the world is with `World`, be it with `main`."""

from tests.lab.world.model import World

__all__ = ["World", "main"]


def main(control_fd: int) -> None:
    """Be the internet until the control socket closes; see `server.main`."""
    from tests.lab.world import server  # noqa: PLC0415 - who only describes a world needs no server

    server.main(control_fd)
