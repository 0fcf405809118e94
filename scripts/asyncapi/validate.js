// Validates an AsyncAPI document with the project's own parser, its $refs to files included, and
// the example of each message against its schema.
// Usage: node validate.js FILE
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromFile, Parser } from "@asyncapi/parser";
import Ajv from "ajv";

const file = process.argv[2];
const { document, diagnostics } = await fromFile(new Parser(), file).parse();
const ERROR = 0;
for (const { severity, path, message } of diagnostics) {
  if (severity === ERROR) console.error(`${file}: ${path.join(".")}: ${message}`);
}
if (!document || diagnostics.some(({ severity }) => severity === ERROR)) process.exit(1);

let examples = 0;
for (const message of document.components().messages()) {
  const name = message.extensions().get("x-example")?.value();
  if (!name) continue;
  // Schemas refer to each other by nothing but their own definitions, so read from their files.
  const read = (path) => JSON.parse(readFileSync(join(dirname(file), path), "utf8"));
  const validate = new Ajv({ strict: false, allErrors: true }).compile(read(name.replace("/examples/", "/schemas/")));
  if (!validate(read(name))) {
    for (const { instancePath, message } of validate.errors) console.error(`${name}${instancePath}: ${message}`);
    process.exit(1);
  }
  examples += 1;
}
console.log(`${file}: ${document.channels().length} channels, ${document.messages().length} messages, ${examples} examples, valid`);
