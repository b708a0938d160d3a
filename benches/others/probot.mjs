// A Probot app that does nothing with a delivery: `node probot.mjs` prints its address.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const probot = createProbot({
  overrides: { appId: 1, privateKey, secret: process.env.WEBHOOK_SECRET, logLevel: "fatal" },
});
let seen = 0;
const app = (app) => app.on("workflow_job", () => { seen += 1; });
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/webhooks/github" });
const server = createServer(middleware);
server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
