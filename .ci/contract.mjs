// Checks what the bot says to Discord against the schemas that are generated from Discord's own OpenAPI document.
//
// Usage: node contract.mjs RECORDS NODE_MODULES

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [records, modules] = process.argv.slice(2);
const file = join(resolve(modules), "discord-api-spec/build/discord-api-spec.zod.js");
const spec = await import(pathToFileURL(file).href);

const callbacks = {
  1: spec.PongInteractionCallbackRequestSchema,
  4: spec.CreateMessageInteractionCallbackRequestSchema,
  5: spec.CreateMessageInteractionCallbackRequestSchema,
  6: spec.UpdateMessageInteractionCallbackRequestSchema,
  8: spec.ApplicationCommandAutocompleteCallbackRequestSchema,
  9: spec.ModalInteractionCallbackRequestSchema,
};

// Each call that the bot makes, and the schema of its body; null: it has none.
const calls = [
  [/^GET /, () => null],
  [/^POST \/channels\/\d+\/messages$/, () => spec.MessageCreateRequestSchema],
  [/^PATCH \/channels\/\d+\/messages\/\d+$/, () => spec.MessageEditRequestPartialSchema],
  [/^POST \/channels\/\d+\/messages\/\d+\/threads$/, () => spec.CreateTextThreadWithMessageRequestSchema],
  [/^POST \/channels\/\d+\/threads$/, () => spec.CreateTextThreadWithoutMessageRequestSchema],
  [/^PATCH \/channels\/\d+$/, () => spec.UpdateThreadRequestPartialSchema],
  [/^POST \/users\/@me\/channels$/, () => spec.CreatePrivateChannelRequestSchema],
  [/^POST \/interactions\/\d+\/\w+\/callback$/, (body) => callbacks[body?.type]],
  [/^PATCH \/webhooks\/\d+\/\w+\/messages\/@original$/, () => spec.IncomingWebhookUpdateRequestPartialSchema],
  [/^POST \/webhooks\/\d+\/\w+$/, () => spec.IncomingWebhookRequestPartialSchema],
  [/^PUT \/applications\/\d+\/(guilds\/\d+\/)?commands$/, () => ({
    safeParse: (all) => all.map((one) => spec.ApplicationCommandUpdateRequestSchema.safeParse(one)).find((r) => !r.success) ?? { success: true },
  })],
];

// The sums that the document leaves out (discord.com/developers, "Message Resource").
function sums(body) {
  const length = (text) => [...(text ?? "")].length;
  const embeds = body?.embeds ?? [];
  const all = embeds.reduce((sum, e) => sum + length(e.title) + length(e.description) + length(e.footer?.text), 0);
  if (all > 6000) return "the embeds hold over 6,000 characters";
  const ids = (body?.components ?? []).flatMap((row) => row.components.map((part) => part.custom_id)).filter(Boolean);
  if (new Set(ids).size !== ids.length) return "a custom_id stands twice";
  return null;
}

let seen = 0;
const breaches = new Map();
for (const name of readdirSync(records).filter((name) => name.endsWith(".jsonl"))) {
  for (const line of readFileSync(join(records, name), "utf8").split("\n").filter(Boolean)) {
    const record = JSON.parse(line);
    if (record.neighbour !== "discord") continue;
    seen += 1;
    const call = `${record.method} ${record.path.replace("/api/v10", "")}`;
    const known = calls.find(([pattern]) => pattern.test(call));
    const schema = known?.[1](record.request);
    let why = null;
    if (schema === undefined) why = "is not described";
    else if (schema !== null) {
      const result = schema.safeParse(record.request);
      if (!result.success) why = result.error.issues.slice(0, 2).map((i) => `${i.path.join("/")}: ${i.message}`).join("; ");
      why ??= sums(record.request);
    }
    if (why) {
      const key = `${call.replace(/\d+|token\d+/g, "…")}: ${why}`;
      breaches.set(key, (breaches.get(key) ?? 0) + 1);
    }
  }
}
console.log(`discord: ${seen} exchanges`);
for (const [breach, count] of breaches) console.log(`BREACH (${count}): ${breach}`);
process.exit(breaches.size || !seen ? 1 : 0);
