"""A server of MCP's SDK for Python: `mcp_server.py stdio`, or `mcp_server.py http PORT`."""

import sys

try:
    from mcp.server import MCPServer
except ImportError:
    # Its name in older releases.
    from mcp.server.fastmcp import FastMCP as MCPServer

server = MCPServer("acceptance")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers"""
    return a + b


@server.tool()
def fail() -> str:
    """Fail"""
    raise ValueError("it went wrong")


@server.tool(name="name.with.dots")
def dotted() -> dict[str, int]:
    """A name that no provider accepts, and a structured result"""
    return {"answer": 42}


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
