// A small gateway on node-pty and ws, as many products begin: every terminal's output goes to all of its clients, and
// a client that comes later gets the newest megabyte first. No store, and no flow control.
//
//   node gateway.mjs PROGRAM     (prints its port; ends when stdin does)
//
//   WebSocket /            a terminal of one's own, which ends with the connection
//   WebSocket /at/NAME     the terminal of that name, made when there is none, which stays
//   POST /new              one more terminal that nobody watches
import { createServer } from "node:http";

import { spawn } from "node-pty";
import { WebSocketServer } from "ws";

const RING_BYTES = 1 << 20;
const program = process.argv[2];
const named = new Map();

function terminal() {
  const pty = spawn(program, ["ask"], { name: "xterm-256color", cols: 80, rows: 24, encoding: null });
  const clients = new Set();
  const ring = [];
  let size = 0;
  pty.onData((data) => {
    ring.push(data);
    size += data.length;
    while (size > RING_BYTES) size -= ring.shift().length;
    for (const client of clients) client.send(data);
  });
  pty.onExit(() => clients.forEach((client) => client.close()));
  return {
    join(client) {
      if (ring.length > 0) client.send(Buffer.concat(ring));
      clients.add(client);
      client.on("message", (data) => pty.write(data));
      client.on("close", () => clients.delete(client));
    },
    end: () => pty.kill(),
  };
}

const server = createServer((request, response) => {
  if (request.method === "POST" && request.url === "/new") named.set(Symbol("unwatched"), terminal());
  else response.statusCode = 404;
  response.end();
});
new WebSocketServer({ server }).on("connection", (client, request) => {
  client.on("error", () => client.terminate());
  const name = request.url.startsWith("/at/") ? request.url : null;
  const own = (name && named.get(name)) ?? terminal();
  if (name) named.set(name, own);
  else client.on("close", own.end);
  own.join(client);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
