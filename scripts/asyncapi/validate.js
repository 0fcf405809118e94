// Validates an AsyncAPI document with the project's own parser, its $refs to files included.
// Usage: node validate.js FILE
import { fromFile, Parser } from "@asyncapi/parser";

const file = process.argv[2];
const { document, diagnostics } = await fromFile(new Parser(), file).parse();
const ERROR = 0;
for (const { severity, path, message } of diagnostics) {
  if (severity === ERROR) console.error(`${file}: ${path.join(".")}: ${message}`);
}
if (!document || diagnostics.some(({ severity }) => severity === ERROR)) process.exit(1);
console.log(`${file}: ${document.channels().length} channels, ${document.messages().length} messages, valid`);
