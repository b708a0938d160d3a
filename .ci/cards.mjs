// Each card that the tests sent to Teams, read and checked by Microsoft's own library: nothing unknown, nothing invalid.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [sent, modules] = process.argv.slice(2);
const { AdaptiveCard, SerializationContext, Versions } = createRequire(import.meta.url)(
  resolve(modules, "adaptivecards/dist/adaptivecards.js"),
);
const messages = readFileSync(sent, "utf8").trim().split("\n").map((line) => JSON.parse(line));
let wrong = 0;
const tell = (what) => {
  wrong += 1;
  console.error(what);
};
for (const message of messages) {
  const content = message.attachments[0].content;
  const card = new AdaptiveCard();
  const context = new SerializationContext(Versions.v1_4);
  card.parse(content, context);
  for (let at = 0; at < context.eventCount; at += 1) tell(`parse: ${context.getEventAt(at).message}`);
  for (const { message: why } of card.validateProperties().validationEvents) tell(`invalid: ${why}`);
  // What it understood is what was sent: a key that it does not know would be lost on the way.
  const kept = card.toJSON();
  const texts = (value) => JSON.stringify(value).match(/"text":"(?:[^"\\]|\\.)*"/g) ?? [];
  if (texts(kept).join() !== texts(content).join()) tell(`texts differ: ${texts(kept)} ${texts(content)}`);
  const count = (value) => JSON.stringify(value).split('"Action.OpenUrl"').length;
  if (count(kept) !== count(content)) tell("an action was lost");
}
console.log(`${messages.length} cards`);
process.exit(wrong || messages.length === 0 ? 1 : 0);
