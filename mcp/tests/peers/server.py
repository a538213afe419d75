from mcp.server import MCPServer
server = MCPServer("python-server")

@server.tool()
def add(a: int, b: int) -> int:
    return a + b

@server.tool()
def fail() -> str:
    raise ValueError("failed")

@server.prompt()
def greet(name: str) -> str:
    return f"Hello, {name}"

@server.resource("test://one")
def one() -> str:
    return "one"

server.run("stdio")
