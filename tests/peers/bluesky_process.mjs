// Bluesky's own server and its directory of identities; run by the Node of `.peers/node`.
//
// Prints the addresses of both as JSON, then serves until it is killed. What it keeps is in $TMPDIR.

import { createRequire } from "node:module";
import { Server } from "node:net";
import { pathToFileURL } from "node:url";

// Both would listen on every interface.
const listen = Server.prototype.listen;
Server.prototype.listen = function (...where) {
  if (typeof where[0] === "number") where.splice(1, 0, "127.0.0.1");
  return listen.apply(this, where);
};

const found = createRequire(process.env.MODULES + "/").resolve("@atproto/dev-env");
const { TestNetworkNoAppView } = await import(pathToFileURL(found));
const network = await TestNetworkNoAppView.create({ pds: { rateLimitsEnabled: true } });
console.log(JSON.stringify({ url: network.pds.url, directory_url: network.plc.url }));
