"""How many sockets a process may open."""

from contextlib import suppress

ENOUGH = (65_536, 10_240)  # the second is macOS's limit, which it does not name


def raise_limit() -> None:
    """Let this process, and those it starts, open as many sockets as the system allows. Windows sets no limit."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for enough in ENOUGH:
        wanted = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        if soft == resource.RLIM_INFINITY or wanted <= soft:
            return
        with suppress(OSError, ValueError):  # more than the system gives, whatever the hard limit says
            return resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
